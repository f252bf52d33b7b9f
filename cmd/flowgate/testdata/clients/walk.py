"""requests logs in by each way, asks for statistics by each template, starts a backup, follows it, and logs out."""
import os

import requests

url, ca = os.environ["URL"], os.environ["CA"]
stats = url + "/api/mgmt.flowgateway_analytics/1.0/import_stats"
backup = url + "/api/mgmt.gateway_backup/1.0/backup"
common = url + "/api/common/1.0"


def must(answer):
    answer.raise_for_status()
    return answer


def basic(session):
    session.auth = ("admin", "admin")


def cookie(session):
    body = must(session.post(common + "/login", json={"username": "admin", "password": "admin"}, headers={"Accept": "application/json"})).json()
    assert session.cookies[body["session_key"]] == body["session_id"], "the cookie is the session of the body"


def oauth(session):
    with open(os.environ["CODE"]) as f:
        code = f.read().strip()
    assertion = "eyJhbGciOiJub25lIn0K." + code + "."
    form = {"grant_type": "access_code", "assertion": assertion, "state": "here & there"}
    body = must(session.post(common + "/oauth/token", data=form)).json()
    assert body["state"] == form["state"], body
    assert "." not in body["access_token"]
    session.headers["Authorization"] = "SignedBearer " + body["access_token"]


for name, log_in in [("basic", basic), ("session", cookie), ("oauth", oauth)]:
    with requests.Session() as session:
        session.verify, session.trust_env = ca, False  # a bundle of the environment would win over verify
        log_in(session)
        a = {"stats_type": "flows_per_minute", "interval_type": "minutes", "time_interval": 60, "source_ip": ""}
        b = {"stats_type": "flows_per_minute", "start_time": "14/12/2023 19:00:00", "end_time": "14/12/2023 20:00:00", "source_ip": ""}
        c = {"stats_type": "flows_per_minute", "start_time": 1702580400, "end_time": 1702584000, "source_ip": ""}
        rows = {}
        for template, body in [("A", a), ("B", b), ("C", [c])]:
            rows[template] = must(session.get(stats, json=body)).json()
            assert rows[template], template
        assert rows["B"] == rows["C"]
        assert must(session.post(backup, json={"hostname": "localhost", "security_pwd": "secret"})).content == b""
        while must(session.get(backup)).json()[0]["running"]["status"] != "COMPLETED":
            pass
        if name == "session":
            assert must(session.post(common + "/logout")).status_code == 204
            late = session.get(backup)
            assert (late.status_code, late.json()["error_id"]) == (401, "AUTH_INVALID_SESSION"), late.text
        print(name, "ok")
