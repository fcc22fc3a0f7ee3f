"""Digital signatures in PDFs (PAdES B-B, certified: no change allowed): a key by configuration, prepared once per process.

pyHanko builds and checks the signature container; building one anew costs a third of a certificate, so it is made once and
only what differs is filled in: the digest of the document and the signature over it. Nothing here uses the network.
"""

import asyncio
import contextlib
import datetime as dt
import hashlib
import threading
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings

from common import clock

log = structlog.get_logger(__name__)
FIELD = "Signature"
SOON = dt.timedelta(days=30)
RESERVE = 64  # an ECDSA signature differs by a few bytes from one document to the next
RSA_LEAST = 2048
# Annotation flags: hidden (2) and locked (8). Hidden, so it needs no place in the structure tree (PDF/UA-1, 7.18.1).
FLAGS = 2 | 128
_BLANK_RANGE = b"[0 ########## ########## ##########]"


class SigningError(Exception):
    """The key cannot be used; the message says why and what to do."""


@dataclass(frozen=True)
class Key:
    """A key with its certificate and what vouches for it, checked to fit and to be allowed to sign."""

    name: str
    fingerprint: str
    valid_from: dt.datetime
    valid_until: dt.datetime
    sign: Any = field(repr=False)
    private: bytes = field(repr=False)  # DER, as are the certificates
    leaf: bytes = field(repr=False)
    chain: tuple[bytes, ...] = field(repr=False)


@dataclass(frozen=True)
class Signer:
    """A key and the signature container that pyHanko made of it; `at` is the time it writes."""

    name: str
    fingerprint: str
    at: dt.datetime
    _sign: Any = field(repr=False)
    _container: bytes = field(repr=False)  # all of SignedData before the one who signed
    _attributes: tuple[bytes, bytes] = field(repr=False)  # what is signed, before and after the digest
    _info: tuple[bytes, bytes] = field(repr=False)  # version and name before the attributes, algorithm after them
    _room: int = field(repr=False)

    def prepare(self, pdf: Any) -> None:
        """Add an invisible signature field to a document that is about to be written, with room for the signature."""
        import pydyf

        class Signature(pydyf.Dictionary):
            compressible = False  # its place in the file must be known

        signature = Signature(
            {
                "Type": "/Sig",
                "Filter": "/Adobe.PPKLite",
                "SubFilter": "/ETSI.CAdES.detached",
                "Name": pydyf.String(self.name),
                "M": pydyf.String(f"D:{self.at.astimezone(dt.UTC):%Y%m%d%H%M%S}Z"),
                "ByteRange": _BLANK_RANGE,
                "Contents": self._blank,
            }
        )
        # DocMDP, P 1: the document is certified as it is; a reader calls any change to it a change.
        allowed = pydyf.Dictionary({"Type": "/TransformParams", "P": 1, "V": "/1.2"})
        signature["Reference"] = pydyf.Array(
            [
                pydyf.Dictionary(
                    {"Type": "/SigRef", "TransformMethod": "/DocMDP", "TransformParams": allowed}
                )
            ]
        )  # fmt: skip
        pdf.add_object(signature)
        page: Any = next(item for item in pdf.objects if isinstance(item, dict) and item.get("Type") == "/Page")
        widget = pydyf.Dictionary(
            {
                "Type": "/Annot", "Subtype": "/Widget", "FT": "/Sig", "T": pydyf.String(FIELD), "TU": pydyf.String("Digital signature"),
                "Rect": pydyf.Array([0, 0, 0, 0]), "F": FLAGS, "P": page.reference, "V": signature.reference,
            }
        )  # fmt: skip
        pdf.add_object(widget)
        if "Annots" not in page:
            page["Annots"] = pydyf.Array()
        page["Annots"].append(widget.reference)
        pdf.catalog["AcroForm"] = pydyf.Dictionary({"Fields": pydyf.Array([widget.reference]), "SigFlags": 3})
        pdf.catalog["Perms"] = pydyf.Dictionary({"DocMDP": signature.reference})
        esic = pydyf.Dictionary({"BaseVersion": "/1.7", "ExtensionLevel": 1})
        pdf.catalog["Extensions"] = pydyf.Dictionary({"ESIC": esic})

    def finish(self, content: bytes) -> bytes:
        """Sign a document that `prepare` made room in: every byte of it but the signature's own."""
        blank = self._blank
        start = content.index(blank)
        end = start + len(blank)
        numbers = b"[0 %d %d %d" % (start, end, len(content) - end)
        exact = numbers.ljust(len(_BLANK_RANGE) - 1) + b"]"
        head = content[:start].replace(_BLANK_RANGE, exact, 1)
        digest = hashlib.sha256(head)
        digest.update(content[end:])
        signature = self._cms(digest.digest()).hex().encode()
        return head + b"<" + signature.ljust(len(blank) - 2, b"0") + b">" + content[end:]

    @property
    def _blank(self) -> bytes:
        return b"<" + b"0" * (2 * self._room) + b">"

    def _cms(self, digest: bytes) -> bytes:
        before, after = self._attributes
        attributes = before + digest + after
        signature = self._sign(_tlv(0x31, attributes))  # signed as a SET, kept under its own tag (RFC 5652, 5.4)
        info = self._info[0] + _tlv(0xA0, attributes) + self._info[1] + _tlv(0x04, signature)
        signed = self._container + _tlv(0x31, _tlv(0x30, info))
        return _tlv(0x30, _SIGNED_DATA + _tlv(0xA0, _tlv(0x30, signed)))


_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")


def _tlv(tag: int, content: bytes) -> bytes:
    """DER: tag, length, content."""
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + content


# --- the key of this installation --------------------------------------------------------------------------


@dataclass(frozen=True)
class Status:
    """Whether documents are signed now: `off` without a key, `broken` with one that cannot be used."""

    state: str
    text: str
    key: Key | None = None

    @property
    def signs(self) -> bool:
        return self.state in {"ok", "expiring"}


_lock = threading.Lock()
_loaded: dict[tuple[object, ...], Key | SigningError] = {}
_signers: dict[str, Signer] = {}


def status() -> Status:
    """The key as it is now. Files are read again when they change, so a new key needs no restart."""
    if not settings.SIGNING_KEY_FILE:
        return Status(
            "off", "No key is set (SIGNING_KEY_FILE), so certificates are issued without a digital signature."
        )
    try:
        key = _configured()
    except SigningError as error:
        return Status("broken", str(error))
    at = clock.now()
    if at > key.valid_until:
        return Status("expired", f"The key of “{key.name}” expired on {key.valid_until:%B %-d, %Y}.", key)
    if at < key.valid_from:
        return Status("not_yet", f"The key of “{key.name}” is valid from {key.valid_from:%B %-d, %Y}.", key)
    if at > key.valid_until - SOON:
        return Status("expiring", f"The key of “{key.name}” expires on {key.valid_until:%B %-d, %Y}.", key)
    return Status("ok", f"Signed with the key of “{key.name}”, valid until {key.valid_until:%B %-d, %Y}.", key)


def current() -> Signer | None:
    """Who signs now; None without a usable key: the portal works on, and the office reads it (`status`)."""
    found = status()
    if found.key is None or not found.signs:
        if found.state != "off":
            log.warning("signing_key_unusable", state=found.state)
        return None
    return replace(_prepared(found.key), at=clock.now())


def _prepared(key: Key) -> Signer:
    with _lock:
        if key.fingerprint not in _signers:
            _signers.clear()
            _signers[key.fingerprint] = signer_of(key)
        return _signers[key.fingerprint]


def warm() -> None:
    """Prepare the signer before it is needed: pyHanko's import takes a second. What is wrong is said by `status`."""
    if settings.SIGNING_KEY_FILE:
        with contextlib.suppress(SigningError):
            _prepared(_configured())


def _configured() -> Key:
    paths = [Path(p) for p in (settings.SIGNING_KEY_FILE, settings.SIGNING_CERTIFICATE_FILE) if p]
    try:
        stamps = [(str(p), s.st_mtime_ns, s.st_size) for p in paths for s in (p.stat(),)]
    except OSError as error:
        raise SigningError(f"The signing key cannot be read: {error.strerror or error}.") from error
    which = (*stamps, settings.SIGNING_KEY_PASSWORD)
    with _lock:
        if which not in _loaded:
            _loaded.clear()
            try:
                _loaded[which] = load(*paths, password=settings.SIGNING_KEY_PASSWORD)
            except SigningError as error:
                _loaded[which] = error
        found = _loaded[which]
    if isinstance(found, SigningError):
        raise found
    return found


def load(key_file: Path, certificate_file: Path | None = None, *, password: str = "") -> Key:
    """A key from a PKCS#12 file, or from a PEM key and its PEM certificate with whatever chain follows in that file.

    Raises SigningError with a sentence for whoever set it up.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.serialization import pkcs12

    secret = password.encode() or None
    key: Any
    leaf: Any
    chain: list[Any]
    try:
        if certificate_file is None:
            key, leaf, chain = pkcs12.load_key_and_certificates(key_file.read_bytes(), secret)
        else:
            key = serialization.load_pem_private_key(key_file.read_bytes(), secret)
            leaf, *chain = x509.load_pem_x509_certificates(certificate_file.read_bytes())
    except OSError as error:
        raise SigningError(f"The signing key cannot be read: {error.strerror or error}.") from error
    except (ValueError, TypeError) as error:
        raise SigningError(
            "The signing key cannot be opened: another format, or a wrong SIGNING_KEY_PASSWORD."
        ) from error
    if key is None or leaf is None:
        raise SigningError("The PKCS#12 file holds no key with its certificate.")
    return _checked(key, leaf, chain)


def _checked(key: Any, leaf: Any, chain: Any) -> Key:
    """What fits together and may sign. Raises SigningError for the rest."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

    if leaf.public_key() != key.public_key():
        raise SigningError("The certificate belongs to another key than the one in SIGNING_KEY_FILE.")
    sign: Any
    if isinstance(key, ec.EllipticCurvePrivateKey):
        sign = partial(key.sign, signature_algorithm=ec.ECDSA(hashes.SHA256()))
    elif isinstance(key, rsa.RSAPrivateKey) and key.key_size >= RSA_LEAST:
        sign = partial(key.sign, padding=padding.PKCS1v15(), algorithm=hashes.SHA256())
    else:
        raise SigningError(
            "The signing key must be an EC key (P-256 is the fastest) or an RSA key of 2048 bits or more."
        )
    try:
        usage = leaf.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        usage = None
    if usage is not None and not (usage.digital_signature or usage.content_commitment):
        raise SigningError("The certificate does not allow signatures (key usage).")
    der = serialization.Encoding.DER
    names = leaf.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return Key(
        name=str(names[0].value) if names else leaf.subject.rfc4514_string(),
        fingerprint=leaf.fingerprint(hashes.SHA256()).hex(),
        valid_from=leaf.not_valid_before_utc,
        valid_until=leaf.not_valid_after_utc,
        sign=sign,
        private=key.private_bytes(der, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
        leaf=leaf.public_bytes(der),
        chain=tuple(c.public_bytes(der) for c in chain),
    )


def signer_of(key: Key) -> Signer:
    """A container for some digest, as pyHanko makes it, cut where the digest and the signature stand."""
    from asn1crypto import keys, x509
    from pyhanko.sign.signers import SimpleSigner
    from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    registry = SimpleCertificateStore()  # type: ignore[no-untyped-call]
    registry.register_multiple([x509.Certificate.load(c) for c in key.chain])
    simple = SimpleSigner(x509.Certificate.load(key.leaf), keys.PrivateKeyInfo.load(key.private), registry)
    digest = hashlib.sha256(b"any digest that stands nowhere else" + key.leaf).digest()
    wanted = PdfCMSSignedAttributes()
    whole = asyncio.run(simple.async_sign(digest, "sha256", use_pades=True, signed_attr_settings=wanted))
    signed = whole["content"]
    info = signed["signer_infos"][0]
    before, found, after = info["signed_attrs"].contents.partition(digest)
    if not found or digest in after:
        raise SigningError("The signature container has an unexpected form.")
    parts = ("version", "digest_algorithms", "encap_content_info", "certificates")
    return Signer(
        name=key.name,
        fingerprint=key.fingerprint,
        at=key.valid_from,
        _sign=key.sign,
        _container=b"".join(signed[name].dump() for name in parts),
        _attributes=(before, after),
        _info=(
            b"".join(info[name].dump() for name in ("version", "sid", "digest_algorithm")),
            info["signature_algorithm"].dump(),
        ),
        _room=len(whole.dump()) + RESERVE,
    )


def make_demo_key(path: Path, *, organisation: str) -> None:
    """A self-made key and certificate in one PKCS#12 file, for the demo and for trying; readers call its owner unknown."""
    import os

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import pkcs12

    key = ec.generate_private_key(ec.SECP256R1())
    at = clock.now()
    title = f"{organisation} (demo key)"[:64]
    name = x509.Name(
        [x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, organisation[:64]), x509.NameAttribute(x509.NameOID.COMMON_NAME, title)]
    )  # fmt: skip
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=True, key_encipherment=False, data_encipherment=False, key_agreement=False,
        key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # The demo's clock can be moved both ways.
        .not_valid_before(at - dt.timedelta(days=3650))
        .not_valid_after(at + dt.timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    content = pkcs12.serialize_key_and_certificates(
        title.encode(), key, certificate, None, serialization.NoEncryption()
    )
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(content)
