/* What do libpq.dll and pgtls.exe say of the same string, environment and directory? For Windows or Wine.
 *
 *   referee cases FILE PGTLS LIBPQ   runs every case of FILE (UTF-8) with both programs
 *   referee connect LIBPQ STRING     connects with libpq, and says "ok" or why not; exit code 0 or 1
 *
 * A line of FILE is a word, a space and a value:
 *   set NAME=VALUE   unset NAME   directory PATH   option TEXT (for pgtls)   copy FROM|TO   delete PATH
 *   string TEXT      ends the case: both programs run, in this environment, which is then restored
 * The answers are in NUMBER.libpq, NUMBER.pgtls (standard output) and NUMBER.error in the directory in which it was
 * started; standard output has a line for each case, with both exit codes.
 */
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define MOST 32
#define LIMIT 30000

/* --- libpq --- */

/* Wine before 9 does not have this function, and without it libpq 16 and newer can look at no file. libpq never
 * needs what it does, so that one that fails is as good. */
static LONG NTAPI unable(void) { return (LONG)0xC0000002; }

static FARPROC WINAPI look_up(HMODULE library, LPCSTR name) {
    FARPROC found = GetProcAddress(library, name);
    int by_name = HIWORD((ULONG_PTR)name) != 0 || (ULONG_PTR)name > 0xffff;
    if (!found && by_name && strcmp(name, "NtFlushBuffersFileEx") == 0) return (FARPROC)unable;
    return found;
}

/* Lets a library call look_up instead of GetProcAddress. */
static void redirect(HMODULE library) {
    char *base = (char *)library;
    PIMAGE_NT_HEADERS headers = (PIMAGE_NT_HEADERS)(base + ((PIMAGE_DOS_HEADER)base)->e_lfanew);
    DWORD start = headers->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_IMPORT].VirtualAddress;
    PIMAGE_IMPORT_DESCRIPTOR import;
    FARPROC wanted = GetProcAddress(GetModuleHandleA("kernel32.dll"), "GetProcAddress");
    for (import = (PIMAGE_IMPORT_DESCRIPTOR)(base + start); import->FirstThunk; import++) {
        PIMAGE_THUNK_DATA slot = (PIMAGE_THUNK_DATA)(base + import->FirstThunk);
        for (; slot->u1.Function; slot++) {
            DWORD before;
            if ((FARPROC)slot->u1.Function != wanted) continue;
            VirtualProtect(slot, sizeof *slot, PAGE_READWRITE, &before);
            slot->u1.Function = (ULONG_PTR)look_up;
            VirtualProtect(slot, sizeof *slot, before, &before);
        }
    }
}

static int connect_with(char *path, const char *string) {
    HMODULE library;
    void *(*connectdb)(const char *);
    int (*status)(void *);
    char *(*message)(void *);
    void *connection;
    int failed;
    char *slash;
    /* It knows the directory of a library, and so the libraries beside it, only by backslashes. */
    while ((slash = strchr(path, '/')) != NULL) *slash = '\\';
    library = LoadLibraryExA(path, NULL, LOAD_WITH_ALTERED_SEARCH_PATH);
    if (!library) { printf("no library: %lu\n", GetLastError()); return 99; }
    redirect(library);
    connectdb = (void *)GetProcAddress(library, "PQconnectdb");
    status = (void *)GetProcAddress(library, "PQstatus");
    message = (void *)GetProcAddress(library, "PQerrorMessage");
    connection = connectdb(string);
    failed = status(connection) != 0;
    printf("%s", failed ? message(connection) : "ok\n");
    fflush(stdout);
    return failed;
}

/* --- cases --- */

static wchar_t *wide(const char *text) {
    int length = MultiByteToWideChar(CP_UTF8, 0, text, -1, NULL, 0);
    wchar_t *result = calloc(length, sizeof *result);
    MultiByteToWideChar(CP_UTF8, 0, text, -1, result, length);
    return result;
}

/* Appends an argument so that CommandLineToArgvW and the C runtime read it back. */
static void add(wchar_t *line, const wchar_t *argument) {
    wchar_t *end = line + wcslen(line);
    size_t slashes = 0;
    if (end != line) *end++ = L' ';
    *end++ = L'"';
    for (; *argument; argument++) {
        if (*argument == L'"') for (slashes++; slashes > 0; slashes--) *end++ = L'\\';
        slashes = *argument == L'\\' ? slashes + 1 : 0;
        *end++ = *argument;
    }
    for (; slashes > 0; slashes--) *end++ = L'\\';
    *end++ = L'"';
    *end = 0;
}

static HANDLE file_for(const wchar_t *directory, int number, const wchar_t *end) {
    wchar_t path[MAX_PATH];
    SECURITY_ATTRIBUTES inherited = { sizeof inherited, NULL, TRUE };
    swprintf(path, MAX_PATH, L"%ls\\%d.%ls", directory, number, end);
    return CreateFileW(path, GENERIC_WRITE, FILE_SHARE_READ, &inherited, CREATE_ALWAYS, 0, NULL);
}

static int run(wchar_t *line, const wchar_t *directory, HANDLE out, HANDLE error) {
    STARTUPINFOW start;
    PROCESS_INFORMATION process;
    DWORD code = 98;
    memset(&start, 0, sizeof start);
    start.cb = sizeof start;
    start.dwFlags = STARTF_USESTDHANDLES;
    start.hStdOutput = out;
    start.hStdError = error;
    if (!CreateProcessW(NULL, line, NULL, NULL, TRUE, 0, NULL, directory, &start, &process)) return 97;
    if (WaitForSingleObject(process.hProcess, LIMIT) != WAIT_OBJECT_0) TerminateProcess(process.hProcess, 124);
    WaitForSingleObject(process.hProcess, INFINITE);
    GetExitCodeProcess(process.hProcess, &code);
    CloseHandle(process.hProcess);
    CloseHandle(process.hThread);
    CloseHandle(out);
    return (int)code;
}

static int run_cases(const char *file, const char *pgtls, const char *libpq) {
    static char text[1 << 16];
    static wchar_t line[1 << 16];
    wchar_t here[MAX_PATH], self[MAX_PATH];
    wchar_t *names[MOST], *before[MOST], *options[MOST], *directory = NULL;
    int changed = 0, given = 0, number = 0;
    FILE *cases = fopen(file, "rb");
    if (!cases) return 96;
    GetCurrentDirectoryW(MAX_PATH, here);
    GetModuleFileNameW(NULL, self, MAX_PATH);
    while (fgets(text, sizeof text, cases)) {
        char *value = strchr(text, ' ');
        wchar_t *w;
        text[strcspn(text, "\r\n")] = 0;
        if (!value) continue;
        *value++ = 0;
        w = wide(value);
        if (strcmp(text, "set") == 0 || strcmp(text, "unset") == 0) {
            wchar_t *sign = wcschr(w, L'=');
            static wchar_t old[32768];
            if (sign) *sign = 0;
            if (changed == MOST) return 95;
            names[changed] = w;
            SetLastError(0);
            before[changed] = GetEnvironmentVariableW(w, old, 32768) || !GetLastError() ? _wcsdup(old) : NULL;
            changed++;
            SetEnvironmentVariableW(w, text[0] == 's' && sign ? sign + 1 : NULL);
        } else if (strcmp(text, "copy") == 0) {
            wchar_t *to = wcschr(w, L'|');
            if (!to) return 95;
            *to++ = 0;
            if (!CopyFileW(w, to, FALSE)) { printf("no copy: %ls %lu\n", w, GetLastError()); return 94; }
        } else if (strcmp(text, "delete") == 0) {
            DeleteFileW(w);
        } else if (strcmp(text, "directory") == 0) {
            directory = w;
        } else if (strcmp(text, "option") == 0) {
            if (given == MOST) return 95;
            options[given++] = w;
        } else if (strcmp(text, "string") == 0) {
            HANDLE error = file_for(here, number, L"error");
            int ours, theirs, index;
            line[0] = 0;
            add(line, wide(pgtls));
            for (index = 0; index < given; index++) add(line, options[index]);
            add(line, w);
            ours = run(line, directory, file_for(here, number, L"pgtls"), error);
            line[0] = 0;
            add(line, self);
            add(line, L"connect");
            add(line, wide(libpq));
            add(line, w);
            theirs = run(line, directory, file_for(here, number, L"libpq"), error);
            CloseHandle(error);
            printf("%d %d %d\n", number++, ours, theirs);
            fflush(stdout);
            while (changed > 0) { changed--; SetEnvironmentVariableW(names[changed], before[changed]); }
            given = 0;
            directory = NULL;
        }
    }
    fclose(cases);
    return 0;
}

int main(int count, char **arguments) {
    if (count == 4 && strcmp(arguments[1], "connect") == 0) return connect_with(arguments[2], arguments[3]);
    if (count == 5 && strcmp(arguments[1], "cases") == 0) return run_cases(arguments[2], arguments[3], arguments[4]);
    return 2;
}
