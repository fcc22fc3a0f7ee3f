"""Keys and certificates for tests of signatures, made when they are asked for."""

import datetime as dt
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12

NOW = dt.datetime.now(dt.UTC)
DAY = dt.timedelta(days=1)


def name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def certificate(
    key: Any, subject: str = "Lakeshore CME", *, issuer: Any = None, since: int = -1, until: int = 365, signs: bool = True, ca: bool = False
) -> x509.Certificate:  # fmt: skip
    issuer_key, issuer_name = issuer or (key, subject)
    usage = x509.KeyUsage(
        digital_signature=signs, content_commitment=signs, key_encipherment=not signs, data_encipherment=False, key_agreement=False,
        key_cert_sign=ca, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    builder = x509.CertificateBuilder().subject_name(name(subject)).issuer_name(name(issuer_name))
    builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(NOW + since * DAY).not_valid_after(NOW + until * DAY)
    builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    return builder.add_extension(usage, critical=True).sign(issuer_key, hashes.SHA256())


def ec_key() -> Any:
    return ec.generate_private_key(ec.SECP256R1())


def rsa_key(bits: int = 2048) -> Any:
    return rsa.generate_private_key(65537, bits)


def pem(folder: Path, key: Any, *certificates: x509.Certificate) -> tuple[Path, Path]:
    """A key file and a certificate file, as an operator writes them."""
    key_file, certificate_file = folder / "key.pem", folder / "certificate.pem"
    plain = serialization.NoEncryption()
    key_file.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    certificate_file.write_bytes(b"".join(c.public_bytes(serialization.Encoding.PEM) for c in certificates))
    return key_file, certificate_file


def p12(folder: Path, key: Any, leaf: x509.Certificate, *chain: x509.Certificate, password: str = "") -> Path:
    path = folder / "key.p12"
    secret = serialization.BestAvailableEncryption(password.encode()) if password else serialization.NoEncryption()
    path.write_bytes(pkcs12.serialize_key_and_certificates(b"key", key, leaf, list(chain) or None, secret))
    return path
