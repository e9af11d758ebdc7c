"""Certificates made on the fly: a sound one of an authority of our own, and all that can be wrong with one."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.x509 import Certificate

OLD = "old-version"
KINDS = {
    "sound": "a certificate that nothing is the matter with",
    "expired": "a certificate that has expired",
    "self-signed": "a certificate that nobody vouches for",
    "wrong-host": "a certificate for another host",
    "no-intermediate": "a certificate whose authority is not sent along",
    OLD: "TLS 1.0, and nothing later",
    "short-key": "a Diffie-Hellman key of 1,024 bits",
}
AUTHORITY = "authority.pem"
OLD_HELLO = b"\x16\x03\x01\0\x2a\x02\0\0\x26\x03\x01" + bytes(32) + b"\0\0\x2f\0"
"""What a server that knows nothing later than TLS 1.0 says to any client (RFC 2246 §7.4.1.3)."""
_SHORT_GROUP = """\
-----BEGIN DH PARAMETERS-----
MIGHAoGBAOPVNz6zubsXmi1w8KeKzH+69CI12+xRjOLNq7r43lRZGlQyy2ctVDVZ
ckHON14b3ZUPt4NJ7qNzhLSANWbje0RrncvT9img3VNPSLzJdF2uV+hOxyviQBFR
fnPp0hNVYmsIfig4QooraEZJMANEK73PyiyTr2Ho+iAnCjVEexaHAgEC
-----END DH PARAMETERS-----
"""


class _Holder:
    """A certificate and its key."""

    def __init__(
        self, name: str, issuer: _Holder | None = None, *, host: str = "", authority: bool = False, days: int = 30,
        old: bool = False,
    ) -> None:  # fmt: skip
        self.key = ec.generate_private_key(ec.SECP256R1()) if not old else rsa.generate_private_key(65_537, 2_048)
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.now(UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(self.name)
            .issuer_name(issuer.name if issuer else self.name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=90))
            .not_valid_after(now + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        )
        if host:
            named = x509.IPAddress(ip_address(host)) if host[0].isdecimal() else x509.DNSName(host)
            made = made.add_extension(x509.SubjectAlternativeName([named]), critical=False)
        self.certificate: Certificate = made.sign((issuer or self).key, hashes.SHA256())

    def context(self, folder: Path, file: str) -> ssl.SSLContext:
        """A server's context, by way of a file, because OpenSSL takes nothing else."""
        private = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path = folder / f"{file}.pem"
        path.write_bytes(private + self.certificate.public_bytes(Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context


def contexts(folder: Path, host: str) -> dict[str, ssl.SSLContext]:
    """A server's context of each kind but OLD, for the host; the authority to trust is written to the folder."""
    authority = _Holder("Test authority", authority=True)
    between = _Holder("Test authority, second rank", authority, authority=True)
    (folder / AUTHORITY).write_bytes(authority.certificate.public_bytes(Encoding.PEM))
    holders = {
        "sound": _Holder("sound", authority, host=host),
        "expired": _Holder("expired", authority, host=host, days=-1),
        "self-signed": _Holder("self-signed", host=host),
        "wrong-host": _Holder("wrong host", authority, host="snv.example.org"),
        "no-intermediate": _Holder("no intermediate", between, host=host),
    }
    made = {kind: holder.context(folder, kind) for kind, holder in holders.items()}
    made["short-key"] = _Holder("short key", authority, host=host, old=True).context(folder, "short-key")
    made["short-key"].set_ciphers("DHE:@SECLEVEL=0")
    made["short-key"].maximum_version = ssl.TLSVersion.TLSv1_2
    (folder / "group.pem").write_text(_SHORT_GROUP)
    made["short-key"].load_dh_params(str(folder / "group.pem"))
    return made
