"""Prints the version numbers of libpq and of OpenSSL: `library_version.py LIBPQ LIBCRYPTO`."""

import ctypes
import sys

libpq, libcrypto = map(ctypes.CDLL, sys.argv[1:])
libcrypto.OpenSSL_version_num.restype = ctypes.c_ulong
print(libpq.PQlibVersion(), libcrypto.OpenSSL_version_num())
