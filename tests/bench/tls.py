"""tls.py - what all agree to in the cases with TLS, and whether they did."""
import os
import subprocess

from wire import fail

VERSION = "TLSv1.3"
SUITE = "TLS_AES_128_GCM_SHA256"
GROUP = "X25519"

# For a program that has no options for these (OPENSSL_CONF).
LIBRARY = """
openssl_conf = all
[all]
ssl_conf = ssl
[ssl]
system_default = server
[server]
MinProtocol = %s
MaxProtocol = %s
Ciphersuites = %s
Groups = %s
""" % (VERSION, VERSION, SUITE, GROUP)


def make_certificate(directory):
    """ECDSA, P-256: bench.crt, bench.key, and both in bench.pem."""
    cert, key, both = (os.path.join(directory, "bench." + x)
                       for x in ("crt", "key", "pem"))
    r = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
         "/CN=bench", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
         key, "-out", cert], capture_output=True, text=True, timeout=20)
    if r.returncode:
        fail("openssl req: " + r.stderr[-300:])
    with open(both, "w") as out:
        for path in (cert, key):
            with open(path) as f:
                out.write(f.read())
    return cert, key, both


def check(port, directory):
    """Offers all that OpenSSL can: is what is agreed to what we mean, and the
    certificate ours?"""
    r = subprocess.run(
        ["openssl", "s_client", "-brief", "-verify_return_error", "-CAfile",
         os.path.join(directory, "bench.crt"), "-connect",
         "127.0.0.1:%d" % port],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20)
    said = r.stdout + r.stderr
    for line in ("Protocol version: " + VERSION, "Ciphersuite: " + SUITE,
                 "Peer certificate: CN = bench", "Signature type: ECDSA",
                 "Verification: OK", "Server Temp Key: %s, 253 bits" % GROUP):
        if line not in said.splitlines():
            fail("no %r in what s_client says: %s" % (line, said[-600:]))
