from contextlib import suppress
from http.client import HTTPConnection, HTTPException

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.collector.running import RunningOffice

PATHS = [
    "/",
    "/sites/",
    "/v1/enrol",
    "/v1/summaries",
    "/api/v1/sites",
    "/api/v1/sites/x/days",
    "/healthz",
    "/sign-in",
    "/inbox",
    "/inbox/gaps",
    "/inbox/records/1",
    "/api/v1/inbox",
    "/api/v1/inbox/undated/1",
]
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
NAME = st.text(st.characters(codec="utf-8", exclude_characters="?#"), max_size=20)


@given(st.sampled_from(["/v1/enrol", "/v1/summaries", "/sign-in"]), st.binary(max_size=400))
@QUICK
def test_any_body_gets_a_400_class_sentence(client, path, body):
    answer = client.post(path, data=body)
    assert 400 <= answer.status_code < 500 or path == "/sign-in"
    assert path == "/sign-in" or answer.json["error"].endswith((".", "!"))


@given(st.sampled_from(PATHS), NAME, NAME, st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "BREW"]))
@QUICK
def test_any_address_gets_a_page_or_a_400_class_answer(client, path, tail, wish, method):
    answer = client.open(path + tail, method=method, query_string={"lang": wish, "format": wish})
    assert answer.status_code < 500


@pytest.mark.parametrize("name", ["\x00", "%00", "../../etc/passwd", "' OR 1=1 --", "x" * 5000, "\ud83d\ude00"])
def test_any_name_of_a_site_is_just_not_there(client, name):
    assert (
        client.get(f"/api/v1/sites/{name.encode('utf-16', 'surrogatepass').decode('utf-16')}/days").status_code == 404
    )


RAW = [
    b"GET / HTTP/1.1\r\nHost: \xff\xfe\r\n\r\n",
    b"GET /%ff%fe%00 HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /?lang=%ff&lang= HTTP/1.1\r\nHost: a\r\nCookie: collector=\xff; lang=;;\r\nAccept-Language: \xff;q=x\r\n\r\n",
    b"POST /v1/summaries HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n",
    b"POST /v1/summaries HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
    b"POST /v1/enrol HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
    b"POST /sign-in HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=\r\nContent-Length: 4\r\n\r\nabcd",
    b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
]


def test_garbage_over_a_real_socket_never_gets_a_500(tmp_path):
    with RunningOffice(tmp_path) as office:
        for raw in RAW:
            status = office.raw(raw)
            assert status is None or status < 500, raw
        connection = HTTPConnection(office.host, office.port, timeout=10)
        for path in PATHS:
            for body in (b"", b"\xd2\x84", b"{" * 1000, bytes(1 << 20)):
                with suppress(HTTPException, ConnectionError):
                    connection.request("POST", path, body)
                    answer = connection.getresponse()
                    answer.read()
                    assert answer.status < 500, (path, body[:10])
                connection.close()
        assert office.get("/healthz").json() == {"status": "ok"}
