"""Judges chains with the OpenSSL of a shared library, one for each line of standard input.

`judge.py LIBCRYPTO`. A line is `now revocation roots lists chain`: seconds, 0 or 1, the bytes of a root file,
the bytes of a file of CRLs (`-` for none), and the certificates as they come in a TLS handshake, separated by
commas; all bytes in hexadecimal. The files are loaded and the chain is judged as libpq lets OpenSSL do it
(initialize_SSL in fe-secure-openssl.c, ssl_verify_cert_chain in ssl/ssl_cert.c).

The first line of the output is OpenSSL's version. Then, for each chain, `code depth text` (the first error; code 0
if the chain passes), or `unreadable` and what.
"""

import ctypes
import os
import sys
import tempfile

CRL_CHECK, CRL_CHECK_ALL = 0x4, 0x8

P, I, L = ctypes.c_void_p, ctypes.c_int, ctypes.c_long
FUNCTIONS = {
    "OpenSSL_version": (ctypes.c_char_p, I),
    "OpenSSL_version_num": (ctypes.c_ulong,),
    "ERR_clear_error": (None,),
    "OPENSSL_sk_new_null": (P,),
    "OPENSSL_sk_push": (I, P, P),
    "OPENSSL_sk_free": (None, P),
    "d2i_X509": (P, P, ctypes.POINTER(ctypes.c_void_p), L),
    "X509_free": (None, P),
    "X509_STORE_new": (P,),
    "X509_STORE_free": (None, P),
    "X509_STORE_load_locations": (I, P, ctypes.c_char_p, ctypes.c_char_p),
    "X509_STORE_set_flags": (I, P, ctypes.c_ulong),
    "X509_STORE_CTX_new": (P,),
    "X509_STORE_CTX_free": (None, P),
    "X509_STORE_CTX_init": (I, P, P, P, P),
    "X509_STORE_CTX_set_default": (I, P, ctypes.c_char_p),
    "X509_STORE_CTX_get0_param": (P, P),
    "X509_STORE_CTX_get_error": (I, P),
    "X509_STORE_CTX_get_error_depth": (I, P),
    "X509_VERIFY_PARAM_set_auth_level": (None, P, I),
    "X509_VERIFY_PARAM_set_time": (None, P, ctypes.c_int64),
    "X509_verify_cert": (I, P),
    "X509_verify_cert_error_string": (ctypes.c_char_p, L),
}


class Unreadable(Exception):
    pass


class OpenSsl:
    def __init__(self, path):
        library = ctypes.CDLL(path)
        for name, (result, *arguments) in FUNCTIONS.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
            setattr(self, name, function)
        # OpenSSL 1.1.1 as it is built for the wheels has level 1. Distributions build OpenSSL 3 with level 2.
        self.level = 1 if self.OpenSSL_version_num() < 0x30000000 else 2

    def judge(self, now, revocation, roots, lists, chain):
        self.ERR_clear_error()
        store = self.X509_STORE_new()
        certificates = []
        stack = self.OPENSSL_sk_new_null()
        context = self.X509_STORE_CTX_new()
        try:
            # libpq reads its files first.
            self.load(store, roots, "roots")
            if lists is not None:
                self.load(store, lists, "lists")
            if revocation:
                self.X509_STORE_set_flags(store, CRL_CHECK | CRL_CHECK_ALL)
            for position, der in enumerate(chain):
                certificates.append(self.certificate(der, position))
                self.OPENSSL_sk_push(stack, certificates[-1])
            self.X509_STORE_CTX_init(context, store, certificates[0], stack)
            self.X509_STORE_CTX_set_default(context, b"ssl_server")
            param = self.X509_STORE_CTX_get0_param(context)
            self.X509_VERIFY_PARAM_set_auth_level(param, self.level)
            self.X509_VERIFY_PARAM_set_time(param, now)
            if self.X509_verify_cert(context) > 0:
                return "0 0 ok"
            code = self.X509_STORE_CTX_get_error(context)
            depth = self.X509_STORE_CTX_get_error_depth(context)
            return f"{code} {depth} {self.X509_verify_cert_error_string(code).decode()}"
        except Unreadable as what:
            return f"unreadable {what}"
        finally:
            self.X509_STORE_CTX_free(context)
            self.OPENSSL_sk_free(stack)
            for certificate in certificates:
                self.X509_free(certificate)
            self.X509_STORE_free(store)

    def load(self, store, contents, what):
        with open(FILE, "wb") as file:
            file.write(contents)
        if self.X509_STORE_load_locations(store, os.fsencode(FILE), None) != 1:
            raise Unreadable(what)

    def certificate(self, der, position):
        buffer = ctypes.create_string_buffer(der, len(der))
        start = ctypes.addressof(buffer)
        end = ctypes.c_void_p(start)
        certificate = self.d2i_X509(None, ctypes.byref(end), len(der))
        if not certificate:
            raise Unreadable(f"certificate {position}")
        if end.value != start + len(der):
            self.X509_free(certificate)
            raise Unreadable(f"bytes after certificate {position}")
        return certificate


def main():
    global FILE
    openssl = OpenSsl(sys.argv[1])
    print(openssl.OpenSSL_version(0).decode(), flush=True)
    with tempfile.TemporaryDirectory() as directory:
        FILE = os.path.join(directory, "file.pem")
        for line in sys.stdin:
            now, revocation, roots, lists, chain = line.split()
            print(
                openssl.judge(
                    int(now),
                    revocation == "1",
                    bytes.fromhex(roots),
                    None if lists == "-" else bytes.fromhex(lists),
                    [bytes.fromhex(der) for der in chain.split(",")],
                ),
                flush=True,
            )


main()
