/* bcryptprimitives.dll for Wine before 9, which does not have it: Rust's programs ask it for random numbers. Only for
 * tests: Windows has its own. */
#include <windows.h>

BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE bytes, SIZE_T count) {
    return SystemFunction036(bytes, (ULONG)count);
}
