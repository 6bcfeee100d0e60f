"""Pictures of accounts: their bytes, and the calls that tell where they are or lead there."""

from __future__ import annotations

from starlette.responses import RedirectResponse, Response

from freehold.server.core import avatars
from freehold.server.core.access import Context
from freehold.server.core.avatars import MAX_AVATAR, Image
from freehold.server.http.bind import Call, make_response, serve, stream
from freehold.server.http.streams import read_body
from freehold.wire import community_routes as routes
from freehold.wire.accounts import AvatarUrl

# Somebody who has chosen a picture is seen with it after a day at most.
_DRAWN = "public, max-age=86400"
_LEADING = "public, max-age=300"
_CHOSEN = "public, max-age=31536000, immutable"


async def _get_account_avatar(call: Call) -> Response:
    found = await call.threads.run(avatars.get_account_avatar, call.hub, call.params["account"])
    if found.path is not None:
        return RedirectResponse(found.path, 302, {"Cache-Control": _LEADING})
    return _send(found, _DRAWN)


async def _get_avatar_image(call: Call) -> Response:
    account, sha256 = call.params["account"], call.params["sha256"]
    found = await call.threads.run(avatars.get_avatar_image, call.hub, account, sha256)
    return _send(found, _CHOSEN)


def _send(image: Image, cache_control: str) -> Response:
    # Opened by itself, an image is a page of this hub: nothing in it may run or load anything.
    headers = {
        "Content-Type": image.media_type,
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": cache_control,
    }
    return Response(image.data, 200, headers)


async def _get_user_avatar(call: Call) -> Response:
    found = await call.threads.run(avatars.get_user_avatar, call.hub, call.params["user"])
    return _tell(call, found)


async def _get_organization_avatar(call: Call) -> Response:
    name = call.params["organization"]
    found = await call.threads.run(avatars.get_organization_avatar, call.hub, name)
    return _tell(call, found)


def _tell(call: Call, found: AvatarUrl) -> Response:
    wants_image = call.request.headers.get("sec-fetch-dest") == "image"
    if wants_image or call.query().redirect:
        response: Response = RedirectResponse(found.avatar_url, 302)
    else:
        response = make_response(call, found)
    response.headers["Vary"] = "Sec-Fetch-Dest"
    return response


async def _get_avatar(call: Call) -> Response:
    found = await call.threads.run(avatars.get_avatar, call.hub, call.params["account"])
    return RedirectResponse(found.avatar_url, 302)


async def _set_user_avatar(call: Call) -> Response:
    user = call.params["user"]
    await call.threads.run(lambda: avatars.may_set_user_avatar(_authorize(call), user))
    data = await read_body(call.request, MAX_AVATAR)
    found = await call.threads.run(lambda: avatars.set_user_avatar(_authorize(call), user, data))
    return make_response(call, found)


async def _set_organization_avatar(call: Call) -> Response:
    name = call.params["organization"]
    await call.threads.run(lambda: avatars.may_set_organization_avatar(_authorize(call), name))
    data = await read_body(call.request, MAX_AVATAR)
    found = await call.threads.run(
        lambda: avatars.set_organization_avatar(_authorize(call), name, data)
    )
    return make_response(call, found)


def _authorize(call: Call) -> Context:
    return call.authorize()[0]


SERVED = (
    stream(routes.GET_ACCOUNT_AVATAR, _get_account_avatar),
    stream(routes.GET_AVATAR_IMAGE, _get_avatar_image),
    stream(routes.GET_USER_AVATAR, _get_user_avatar),
    stream(routes.GET_ORGANIZATION_AVATAR, _get_organization_avatar),
    stream(routes.GET_AVATAR, _get_avatar),
    stream(routes.SET_USER_AVATAR, _set_user_avatar),
    stream(routes.SET_ORGANIZATION_AVATAR, _set_organization_avatar),
    serve(routes.DELETE_USER_AVATAR, avatars.delete_user_avatar),
    serve(routes.DELETE_ORGANIZATION_AVATAR, avatars.delete_organization_avatar),
)
