"""A certificate and its chain as a public authority gives them today, made here: what a handshake costs, without one.

    Chain.make().write(folder)      # chain.pem (leaf, intermediate), key.pem, authority.pem

Or `Leaf.make()`: one small certificate under an authority of one's own.

Sizes are those of an ECDSA chain of Let's Encrypt: a leaf of 910 bytes (P-256, signed by P-384, with two timestamps of
certificate transparency) and an intermediate of 1,121 bytes (P-384, signed by an RSA key of 4,096 bits). Keys are new
in each run and never kept.
"""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

    Public = ec.EllipticCurvePublicKey | rsa.RSAPublicKey

LEAF, INTERMEDIATE = 910, 1121
TIMESTAMPS = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")  # RFC 6962, section 3.3
DOMAIN_VALIDATED = x509.ObjectIdentifier("2.23.140.1.2.1")
DER = serialization.Encoding.DER
PEM = serialization.Encoding.PEM


@dataclass(frozen=True)
class Chain:
    """The leaf for `localhost` with its key, the intermediate, and the authority that clients are to trust."""

    key: ec.EllipticCurvePrivateKey
    leaf: x509.Certificate
    intermediate: x509.Certificate
    authority: x509.Certificate

    @classmethod
    def make(cls) -> Chain:
        """Make keys and certificates, of exactly those sizes."""
        root, middle, key = rsa.generate_private_key(65537, 4096), _key(ec.SECP384R1()), _key(ec.SECP256R1())
        top, between = _name("Look-alike Root X1"), _name("E6")
        authority = _authority(top, top, root.public_key(), "").sign(root, hashes.SHA256())
        intermediate = _sized(
            INTERMEDIATE, lambda pad: _authority(top, between, middle.public_key(), pad), root, hashes.SHA256()
        )
        leaf = _sized(LEAF, lambda pad: _leaf(between, key.public_key(), pad), middle, hashes.SHA384())
        return cls(key, leaf, intermediate, authority)

    def write(self, folder: Path) -> None:
        """Write what a server and its clients need into `folder`."""
        _write(folder, self.key, [self.leaf, self.intermediate], self.authority)


@dataclass(frozen=True)
class Leaf:
    """One certificate as somebody gives it to herself: small, P-256, under an authority that is not sent."""

    key: ec.EllipticCurvePrivateKey
    leaf: x509.Certificate
    authority: x509.Certificate

    @classmethod
    def make(cls) -> Leaf:
        """Make keys and certificates."""
        top, key = _key(ec.SECP256R1()), _key(ec.SECP256R1())
        names = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "o")])
        root = x509.BasicConstraints(True, None)
        authority = _builder(names, names, top.public_key(), 900).add_extension(root, critical=True)
        mine = x509.SubjectAlternativeName([x509.DNSName("localhost")])
        leaf = _builder(names, x509.Name([]), key.public_key(), 80).add_extension(mine, critical=True)
        return cls(key, leaf.sign(top, hashes.SHA256()), authority.sign(top, hashes.SHA256()))

    def write(self, folder: Path) -> None:
        """Write what a server and its clients need into `folder`."""
        _write(folder, self.key, [self.leaf], self.authority)


def _write(
    folder: Path, key: ec.EllipticCurvePrivateKey, chain: list[x509.Certificate], authority: x509.Certificate
) -> None:
    (folder / "chain.pem").write_bytes(b"".join(each.public_bytes(PEM) for each in chain))
    (folder / "authority.pem").write_bytes(authority.public_bytes(PEM))
    secret = key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(secret)


def _key(curve: ec.EllipticCurve) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(curve)


def _name(common: str) -> x509.Name:
    words = {NameOID.COUNTRY_NAME: "US", NameOID.ORGANIZATION_NAME: "Look-alike", NameOID.COMMON_NAME: common}
    return x509.Name([x509.NameAttribute(oid, text) for oid, text in words.items()])


def _builder(issuer: x509.Name, subject: x509.Name, public: Public, days: int) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .issuer_name(issuer)
        .subject_name(subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=days))
    )


def _authority(issuer: x509.Name, subject: x509.Name, public: Public, pad: str) -> x509.CertificateBuilder:
    uses = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
    purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH])
    return (
        _builder(issuer, subject, public, 900)
        .add_extension(uses, critical=True)
        .add_extension(purposes, critical=False)
        .add_extension(x509.BasicConstraints(True, 1), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(_points(f"http://x1.c.example.org/{pad}"), critical=False)
        .add_extension(_access(("CA_ISSUERS", "http://x1.i.example.org/")), critical=False)
        .add_extension(_policies(), critical=False)
    )


def _leaf(issuer: x509.Name, public: ec.EllipticCurvePublicKey, pad: str) -> x509.CertificateBuilder:
    uses = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
    access = (("OCSP", "http://e6.o.example.org"), ("CA_ISSUERS", "http://e6.i.example.org/"))
    return (
        _builder(issuer, name, public, 80)
        .add_extension(uses, critical=True)
        .add_extension(purposes, critical=False)
        .add_extension(x509.BasicConstraints(False, None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(_access(*access), critical=False)
        .add_extension(_policies(), critical=False)
        .add_extension(_points(f"http://e6.c.example.org/{pad}.crl"), critical=False)
        .add_extension(x509.UnrecognizedExtension(TIMESTAMPS, b"\x04\x81\xf2" + os.urandom(0xF2)), critical=False)
    )


def _points(url: str) -> x509.CRLDistributionPoints:
    return x509.CRLDistributionPoints([x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None)])


def _access(*pairs: tuple[str, str]) -> x509.AuthorityInformationAccess:
    return x509.AuthorityInformationAccess(
        [
            x509.AccessDescription(getattr(AuthorityInformationAccessOID, what), x509.UniformResourceIdentifier(url))
            for what, url in pairs
        ]
    )


def _policies() -> x509.CertificatePolicies:
    return x509.CertificatePolicies([x509.PolicyInformation(DOMAIN_VALIDATED, None)])


def _sized(
    size: int,
    build: Callable[[str], x509.CertificateBuilder],
    key: CertificateIssuerPrivateKeyTypes,
    digest: hashes.HashAlgorithm,
) -> x509.Certificate:
    """A certificate of `size` bytes: the address of its revocation list is as long as that takes."""
    pad = ""
    for _ in range(200):  # a signature's length varies by a byte or two
        made = build(pad).sign(key, digest)
        missing = size - len(made.public_bytes(DER))
        if missing == 0:
            return made
        pad = pad[:missing] if missing < 0 else pad + "a" * missing
    raise ValueError(f"no certificate of {size} bytes; it is of {size - missing} without padding")
