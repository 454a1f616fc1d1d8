"""Verifies the seal of a run in a directory, or signs it, without the library: FORMAT.md and `cryptography` alone.

seals.py verify DIRECTORY RUN JWK    prints the root; ends with 1 if anything is not as it was sealed
seals.py sign DIRECTORY RUN KEYID    signs with new keys of both kinds; prints their public keys, a JWK a line
"""
import base64, hashlib, json, pathlib, sys, zlib
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

TYPE = b"application/vnd.in-toto+json"
def sha256(data): return hashlib.sha256(data).digest()
def url(data): return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
def unurl(text): return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
def signed(payload): return b"DSSEv1 %d %s %d " % (len(TYPE), TYPE, len(payload)) + payload

def tree(leaves):  # RFC 9162, section 2.1.1
    if len(leaves) < 2: return sha256(b"\0" + leaves[0]) if leaves else sha256(b"")
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\1" + tree(leaves[:k]) + tree(leaves[k:]))

def check_signature(jwk, payload, signature):
    if jwk["kty"] == "OKP":
        ed25519.Ed25519PublicKey.from_public_bytes(unurl(jwk["x"])).verify(signature, signed(payload))
    else:
        numbers = (int.from_bytes(unurl(jwk[name]), "big") for name in "xy")
        key = ec.EllipticCurvePublicNumbers(*numbers, ec.SECP256R1()).public_key()
        key.verify(signature, signed(payload), ec.ECDSA(hashes.SHA256()))

def verify(top, run, jwk):
    own = top / "runs" / run
    name = sha256(jwk["kid"].encode()).hex()[:32] + ".intoto.jsonl"
    envelope = json.loads((own / "signatures" / name).read_bytes())
    payload = base64.b64decode(envelope["payload"], validate=True)
    assert envelope["payloadType"] == TYPE.decode() and payload == (own / "seal.json").read_bytes()
    [signature] = [base64.b64decode(each["sig"]) for each in envelope["signatures"] if each["keyid"] == jwk["kid"]]
    check_signature(jwk, payload, signature)
    statement = json.loads(payload)
    assert payload.startswith(b'{"crc32":"%08x",' % zlib.crc32(payload[20:]))
    assert statement["_type"] == "https://in-toto.io/Statement/v1" and statement["predicate"]["run"] == run
    [subject] = statement["subject"]
    leaves = (own / "seal.objects").read_bytes().split(b"\n")[:-1]
    root = tree(leaves).hex()
    assert subject == {"name": f"runs/{run}", "digest": {"sha256": root}}
    assert statement["predicate"]["tree"]["size"] == len(leaves)
    keys = [json.loads(leaf)[0].encode() for leaf in leaves]
    assert keys == sorted(set(keys))
    for key, size, digest in map(json.loads, leaves):
        data = (top / key).read_bytes()
        assert len(data) == size and sha256(data).hex() == digest, key
    link = statement["predicate"]["link"]
    segment = top / "seals" / statement["predicate"]["experiment"]
    assert "sha256:" + sha256((segment / f"{99_999_999 - link['n']:08}.json").read_bytes()).hex() == link["digest"]
    print(root)

def sign(top, run, key_id):
    own = top / "runs" / run
    payload = (own / "seal.json").read_bytes()
    edwards, curve = ed25519.Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP256R1())
    point = curve.public_key().public_numbers()
    coordinates = {name: url(getattr(point, name).to_bytes(32, "big")) for name in "xy"}
    for kid, jwk, signature in (
        (key_id + "-ed", {"kty": "OKP", "crv": "Ed25519", "x": url(edwards.public_key().public_bytes_raw())},
            edwards.sign(signed(payload))),
        (key_id + "-ec", {"kty": "EC", "crv": "P-256", **coordinates},
            curve.sign(signed(payload), ec.ECDSA(hashes.SHA256()))),
    ):
        text = lambda data: base64.b64encode(data).decode()
        envelope = {"payloadType": TYPE.decode(), "payload": text(payload),
            "signatures": [{"keyid": kid, "sig": text(signature)}]}
        (own / "signatures").mkdir(exist_ok=True)
        name = sha256(kid.encode()).hex()[:32] + ".intoto.jsonl"
        (own / "signatures" / name).write_text(json.dumps(envelope) + "\n")
        print(json.dumps({**jwk, "kid": kid}))

command, directory, run, last = sys.argv[1:]
if command == "verify": verify(pathlib.Path(directory), run, json.loads(last))
else: sign(pathlib.Path(directory), run, last)
