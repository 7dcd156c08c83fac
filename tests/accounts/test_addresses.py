"""Whose address is believed."""

import types

import pytest

from accounts.addresses import client_ip


@pytest.mark.parametrize(
    ("proxies", "forwarded", "remote", "expected"),
    [
        (0, "", "192.0.2.1", "192.0.2.1"),
        (0, "198.51.100.7", "192.0.2.1", "192.0.2.1"),
        (1, "198.51.100.7", "192.0.2.1", "198.51.100.7"),
        (1, "1.1.1.1, 198.51.100.7", "192.0.2.1", "198.51.100.7"),
        (2, "1.1.1.1, 198.51.100.7, 10.0.0.1", "192.0.2.1", "198.51.100.7"),
        (2, "198.51.100.7", "192.0.2.1", "192.0.2.1"),
        (1, "", "192.0.2.1", "192.0.2.1"),
        (1, "1.1.1.1," * 1000 + "198.51.100.7", "192.0.2.1", "198.51.100.7"),
        (1, "not an address", "192.0.2.1", "192.0.2.1"),
        (1, "198.51.100.7:4711", "192.0.2.1", "198.51.100.7"),
        (1, "[2001:db8::1]:4711", "192.0.2.1", "2001:db8::1"),
        (0, "", "", None),
        (0, "", "@", None),
    ],
)
def test_the_hop_our_own_proxy_wrote_is_believed_and_nothing_left_of_it(settings, proxies, forwarded, remote, expected):
    settings.TRUSTED_PROXY_COUNT = proxies
    meta = {"REMOTE_ADDR": remote}
    if forwarded:
        meta["HTTP_X_FORWARDED_FOR"] = forwarded
    assert client_ip(types.SimpleNamespace(META=meta)) == expected
