from zkseal.broker.limits import RateLimiter, RateLimits
from zkseal.http_server.rates import network_of


def test_a_client_gets_its_burst_and_then_its_rate() -> None:
    limiter = RateLimiter(RateLimits(per_client_s=2, per_client_burst=3, client_at_once=100), now=0)
    assert [limiter.enters("a", 0) for _ in range(4)] == [True, True, True, False]
    assert limiter.enters("b", 0)
    assert [limiter.enters("a", 0.5), limiter.enters("a", 0.5)] == [True, False]
    assert [limiter.enters("a", 100) for _ in range(4)] == [True, True, True, False]


def test_all_together_have_a_rate() -> None:
    limiter = RateLimiter(RateLimits(global_s=1, global_burst=5), now=0)
    assert sum(limiter.enters(str(client), 0) for client in range(10)) == 5


def test_open_requests_are_bounded_and_end() -> None:
    limiter = RateLimiter(RateLimits(client_at_once=2), now=0)
    assert [limiter.enters("a", 0) for _ in range(3)] == [True, True, False]
    assert limiter.enters("b", 0)
    limiter.leaves("a")
    assert limiter.enters("a", 0)


def test_work_is_bounded_apart_from_open_requests() -> None:
    limiter = RateLimiter(RateLimits(at_once=2), now=0)
    assert all(limiter.enters(str(client), 0) for client in range(10))
    assert [limiter.begins() for _ in range(3)] == [True, True, False]
    limiter.ends()
    assert limiter.begins()


def test_no_more_clients_are_remembered_than_allowed() -> None:
    limiter = RateLimiter(RateLimits(max_clients=10), now=0)
    for client in range(1000):
        if limiter.enters(str(client), client):
            limiter.leaves(str(client))
    assert len(limiter._clients) == 10
    assert not limiter._open


def test_an_ipv6_network_is_one_client() -> None:
    assert network_of("2001:db8::1") == network_of("2001:db8::ffff:1") != network_of("2001:db8:0:1::1")
    assert network_of("::ffff:192.0.2.1") == network_of("192.0.2.1") == "192.0.2.1"
    assert network_of("fe80::1%eth0") == network_of("fe80::2")
    assert network_of("local") == "local"
