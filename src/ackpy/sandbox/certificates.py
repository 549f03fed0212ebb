"""The certificates of a local control plane, made once for each data folder.

Called by `ControlPlane`. They are what strict clients want: Python 3.13 refuses an authority without key usage.
"""

import datetime
import ipaddress
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_LIFETIME = datetime.timedelta(days=365)
_RENEW_BEFORE = datetime.timedelta(days=30)
_SERVER_NAMES = ("localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc")
_SERVER_ADDRESSES = ("127.0.0.1", "10.0.0.1")
"""The second is the `kubernetes` service: the first address of the service range."""


@dataclass(frozen=True)
class Pair:
    """Files of a certificate and its private key, both PEM."""

    certificate: Path
    key: Path


@dataclass(frozen=True)
class Certificates:
    """Everything that the control plane and its clients need."""

    folder: Path

    @property
    def authority(self) -> Pair:
        """Signs all others."""
        return self._pair("ca")

    @property
    def server(self) -> Pair:
        """kube-apiserver's, for loopback and the in-cluster names."""
        return self._pair("server")

    @property
    def admin(self) -> Pair:
        """The user's, in group system:masters."""
        return self._pair("admin")

    @property
    def controller_manager(self) -> Pair:
        """kube-controller-manager's, under its own name so that the audit log tells it from the user."""
        return self._pair("controller-manager")

    @property
    def service_account_key(self) -> Path:
        """Signs service account tokens; stays the same with the data, as the tokens do."""
        return self.folder / "service-account.key"

    def _pair(self, name: str) -> Pair:
        return Pair(self.folder / f"{name}.crt", self.folder / f"{name}.key")


def ensure(folder: Path) -> Certificates:
    """The folder's certificates: those that are there, or new ones if there are none or they end soon."""
    certificates = Certificates(folder)
    if not folder.exists() or _ends_soon(certificates.server.certificate):
        fresh = folder.with_name(f"{folder.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True, mode=0o700)
        _write_all(Certificates(fresh))
        if folder.exists():
            shutil.copy(certificates.service_account_key, Certificates(fresh).service_account_key)
            shutil.rmtree(folder)
        fresh.rename(folder)  # complete or not there at all
    return certificates


def _ends_soon(certificate: Path) -> bool:
    end = x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc
    return end - datetime.datetime.now(datetime.UTC) < _RENEW_BEFORE


def _write_all(files: Certificates) -> None:
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority_name = _name("ackpy-sandbox-ca")
    authority = (
        _certificate(authority_name, authority_name, authority_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    _write(files.authority, authority, authority_key)

    def issue(pair: Pair, subject: x509.Name, usage: x509.ObjectIdentifier, names: Sequence[x509.GeneralName]) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = (
            _certificate(subject, authority_name, key)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(digital_signature=True), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False
            )
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        _write(pair, builder.sign(authority_key, hashes.SHA256()), key)

    addresses = [x509.IPAddress(ipaddress.ip_address(address)) for address in _SERVER_ADDRESSES]
    server_names = [*map(x509.DNSName, _SERVER_NAMES), *addresses]
    issue(files.server, _name("kube-apiserver"), ExtendedKeyUsageOID.SERVER_AUTH, server_names)
    issue(files.admin, _name("ackpy-admin", "system:masters"), ExtendedKeyUsageOID.CLIENT_AUTH, [])
    issue(
        files.controller_manager,
        _name("system:kube-controller-manager", "system:masters"),
        ExtendedKeyUsageOID.CLIENT_AUTH,
        [],
    )
    # RSA, because an IRSA-like consumer of the issuer's keys expects RS256 tokens, as EKS signs them.
    _write_private(files.service_account_key, _pem(rsa.generate_private_key(public_exponent=65537, key_size=2048)))


def _certificate(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))  # clocks of containers and hosts differ a little
        .not_valid_after(now + _LIFETIME)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _name(common_name: str, organisation: str | None = None) -> x509.Name:
    """Kubernetes reads the user from the common name and the group from the organisation."""
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if organisation:
        attributes.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation))
    return x509.Name(attributes)


def _key_usage(
    *, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _write(pair: Pair, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
    pair.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    _write_private(pair.key, _pem(key))


def _pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write_private(file: Path, content: bytes) -> None:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(content)
