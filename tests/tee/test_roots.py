"""The pinned roots are those that their vendors publish: SHA-256 of each in DER."""

import hashlib
from dataclasses import fields

from zkseal.tee import Roots, pinned_roots

DIGESTS: dict[str, list[str]] = {
    "amd": [
        "69d063b45344d26a2e94e1f4210de49ef555308287d4c174445c95639a540bcd",
        "4c6598d19c18719c5dfd4a7d335f674e5bfe1d8f800cea2cf270c10d103db2f1",
        "1f084161a44bb6d93778a904877d4819cafa5d05ef4193b2ded9dd9c73dd3f6a",
    ],
    "amd_authorities": [
        "67d303bd3905fd38db8b20e0793699870e7fa612eaad5dec358293fd8c0bac1b",
        "5464738c1546aed5f2cecf1dc98c5c960a92e8913238a61711bc90ec6e828521",
        "5b77ef5fe7a7a004fd9032668fba9d0fda22f88c4442069a479636a6ae3b3185",
        "c5e081f59b7efab1fe2f8b505e159704e72f29cab7ef7cf628a05a42439082f5",
    ],
    "intel": ["44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3"],
    "nitro": ["641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b"],
    "nvidia_device": ["102bf659d5419614c9d8e6aecebc80454eb26b1df6a769ac720b9a690b167b48"],
    "nvidia_rim": ["12977b5115acb0381179279fffeb5a8c4d264971ebb32298023a465fa41df5d1"],
    "confidential_space": ["148b293821bb0c6a317f413c8ba475814091cb22d49b9e3c94198db8e8f86c39"],
    "tpm": ["594759594b9b61524f6c8ef668f7177f7b9066bc0674f2f49fe9e052be78beb2"],
}


def test_the_roots_are_pinned() -> None:
    roots = {f.name: getattr(pinned_roots(), f.name) for f in fields(Roots)}
    assert roots.pop("nras_jwks") is None
    assert {name: [hashlib.sha256(der).hexdigest() for der in given] for name, given in roots.items()} == DIGESTS
