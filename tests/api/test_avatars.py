"""Pictures of accounts: drawn, chosen, and where to find them."""

from __future__ import annotations

import hashlib

import httpx2

from freehold.formats.identicon import draw_identicon
from tests.live import Account, LiveHub
from tests.repos import assert_error

PNG = b"\x89PNG\r\n\x1a\n" + b"pixels" * 10
JPEG = b"\xff\xd8\xff\xe0" + b"pixels"
WEBP = b"RIFF\x10\0\0\0WEBPVP8 " + b"pixels"
# A picture for those who look at its first bytes, and a page for those who look further.
PAGE = PNG + b"<script>alert(1)</script>"


def id_of(hub: LiveHub, name: str, kind: str = "users") -> str:
    identifier: str = hub.call("GET", f"/api/{kind}/{name}/overview").json()["_id"]
    return identifier


def put(hub: LiveHub, path: str, data: bytes, token: str | None) -> httpx2.Response:
    return hub.call("PUT", f"/api/{path}/avatar", token=token, content=data)


def see(hub: LiveHub, account_id: str) -> httpx2.Response:
    """The picture of an account, as a browser fetches it."""
    answer = hub.call("GET", f"/avatars/{account_id}.svg")
    if answer.status_code == 302:
        assert answer.headers["cache-control"] == "public, max-age=300"
        answer = hub.call("GET", answer.headers["location"])
    assert answer.status_code == 200
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert answer.headers["x-content-type-options"] == "nosniff"
    return answer


def test_get_account_avatar_draws_users_and_organisations(hub: LiveHub, alice: Account) -> None:
    org = hub.org(owner=alice)
    ids = [id_of(hub, alice.name), id_of(hub, org, "organizations")]
    for account_id in ids:
        answer = see(hub, account_id)
        assert answer.content == draw_identicon(account_id)
        assert answer.headers["content-type"] == "image/svg+xml"
        assert answer.headers["cache-control"] == "public, max-age=86400"
        head = hub.call("HEAD", f"/avatars/{account_id}.svg")
        assert (head.status_code, head.content) == (200, b"")
    who = hub.call("GET", "/api/whoami-v2", token=alice.token).json()
    assert [who["avatarUrl"], who["orgs"][0]["avatarUrl"]] == [f"/avatars/{i}.svg" for i in ids]


def test_get_account_avatar_of_nobody_is_404(hub: LiveHub, alice: Account) -> None:
    for name in ("0" * 24, alice.name, "%2e%2e", "x.svg"):
        assert_error(hub.call("GET", f"/avatars/{name}.svg"), 404, "There is no such picture.")


def test_get_user_avatar_tells_where_it_is_or_leads_there(hub: LiveHub, alice: Account) -> None:
    path, image = (
        f"/api/users/{alice.name.upper()}/avatar",
        f"/avatars/{id_of(hub, alice.name)}.svg",
    )
    told = hub.call("GET", path)
    assert (told.status_code, told.json()) == (200, {"avatarUrl": image})
    assert told.headers["vary"] == "Sec-Fetch-Dest"
    for led in (
        hub.call("GET", path, headers={"sec-fetch-dest": "image"}),
        hub.call("GET", f"{path}?redirect=true"),
        hub.call("GET", f"/api/avatars/{alice.name}"),
    ):
        assert (led.status_code, led.headers["location"]) == (302, image)
    assert hub.call("GET", f"{path}?redirect=maybe").status_code == 400


def test_get_organization_avatar_knows_organisations_alone(hub: LiveHub, alice: Account) -> None:
    org = hub.org(owner=alice)
    image = f"/avatars/{id_of(hub, org, 'organizations')}.svg"
    told = hub.call("GET", f"/api/organizations/{org}/avatar")
    assert told.json() == {"avatarUrl": image}
    assert hub.call("GET", f"/api/organizations/{alice.name}/avatar").status_code == 404
    assert hub.call("GET", f"/api/users/{org}/avatar").status_code == 404


def test_get_avatar_leads_to_users_and_organisations(hub: LiveHub, alice: Account) -> None:
    org = hub.org(owner=alice)
    led = hub.call("GET", f"/api/avatars/{org}")
    image = f"/avatars/{id_of(hub, org, 'organizations')}.svg"
    assert (led.status_code, led.headers["location"]) == (302, image)
    assert_error(hub.call("GET", "/api/avatars/nobody"), 404, "There is no account named 'nobody'.")


def test_set_user_avatar_is_seen_as_what_it_is(hub: LiveHub, alice: Account) -> None:
    account_id = id_of(hub, alice.name)
    for data, type in ((PNG, "image/png"), (JPEG, "image/jpeg"), (WEBP, "image/webp")):
        answer = put(hub, f"users/{alice.name}", data, alice.token)
        assert (answer.status_code, answer.json()) == (
            200,
            {"avatarUrl": f"/avatars/{account_id}.svg"},
        )
        seen = see(hub, account_id)
        assert (seen.content, seen.headers["content-type"]) == (data, type)
        assert seen.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert put(hub, f"users/{alice.name}", PAGE, alice.token).status_code == 200
    assert see(hub, account_id).headers["content-type"] == "image/png"


def test_get_avatar_image_is_that_of_the_hash_or_none(hub: LiveHub, alice: Account) -> None:
    path = f"/avatars/{id_of(hub, alice.name)}"
    assert put(hub, f"users/{alice.name}", PNG, alice.token).status_code == 200
    old = hashlib.sha256(PNG).hexdigest()
    assert hub.call("GET", f"{path}/{old}").content == PNG
    assert put(hub, f"users/{alice.name}", JPEG, alice.token).status_code == 200
    for name in (old, "0" * 64, "x"):
        assert_error(hub.call("GET", f"{path}/{name}"), 404, "There is no such picture.")


def test_set_user_avatar_refuses_what_is_no_picture_and_changes_nothing(
    hub: LiveHub, alice: Account
) -> None:
    account_id = id_of(hub, alice.name)
    assert put(hub, f"users/{alice.name}", PNG, alice.token).status_code == 200
    for data in (b"", b"<svg/>", b"GIF89a", b"RIFF\0\0\0\0WAVE", PNG[:7]):
        answer = put(hub, f"users/{alice.name}", data, alice.token)
        assert_error(answer, 400, "A picture is a PNG, JPEG or WebP image.")
    large = PNG.ljust(1024 * 1024, b"x")
    assert put(hub, f"users/{alice.name}", large + b"x", alice.token).status_code == 413
    assert see(hub, account_id).content == PNG
    assert put(hub, f"users/{alice.name}", large, alice.token).status_code == 200
    assert see(hub, account_id).content == large


def test_set_user_avatar_and_delete_user_avatar_are_for_the_user(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    account_id, path = id_of(hub, alice.name), f"/api/users/{alice.name}/avatar"
    read = hub.token(alice, "read")
    for token, status in ((None, 401), (bob.token, 403), (read, 403)):
        # Nobody's picture is read before it is known that they may send it.
        large = PNG.ljust(1024 * 1024 + 1, b"x")
        assert put(hub, f"users/{alice.name}", large, token).status_code == status
        assert hub.call("DELETE", path, token=token).status_code == status
    assert see(hub, account_id).content == draw_identicon(account_id)
    admin = hub.user(admin=True)
    assert put(hub, f"users/{alice.name}", PNG, admin.token).status_code == 200
    assert see(hub, account_id).content == PNG


def test_delete_user_avatar_brings_the_drawn_one_back(hub: LiveHub, alice: Account) -> None:
    account_id = id_of(hub, alice.name)
    assert put(hub, f"users/{alice.name}", PNG, alice.token).status_code == 200
    for _ in range(2):
        answer = hub.call("DELETE", f"/api/users/{alice.name}/avatar", token=alice.token)
        assert answer.json() == {"avatarUrl": f"/avatars/{account_id}.svg"}
        assert see(hub, account_id).content == draw_identicon(account_id)


def test_set_organization_avatar_is_for_its_admins(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    org = hub.org(owner=alice, members={bob.name: "write"})
    account_id = id_of(hub, org, "organizations")
    for token, status in ((None, 401), (bob.token, 403), (alice.token, 200)):
        assert put(hub, f"organizations/{org}", PNG, token).status_code == status
    assert see(hub, account_id).content == PNG


def test_delete_organization_avatar_is_for_its_admins(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    org = hub.org(owner=alice, members={bob.name: "write"})
    account_id = id_of(hub, org, "organizations")
    assert put(hub, f"organizations/{org}", PNG, alice.token).status_code == 200
    path = f"/api/organizations/{org}/avatar"
    for token, status in ((None, 401), (bob.token, 403), (alice.token, 200)):
        assert hub.call("DELETE", path, token=token).status_code == status
    assert see(hub, account_id).content == draw_identicon(account_id)
