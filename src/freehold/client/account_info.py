"""What a hub tells about users and organisations."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from freehold.client.info import parse_time
from freehold.client.records import Record

# What the protocol calls a field, and what it is called here.
_FIELDS = {
    "avatarUrl": "avatar_url",
    "createdAt": "created_at",
    "isFollowing": "is_following",
    "isPro": "is_pro",
    "isVerified": "is_verified",
    "numDatasets": "num_datasets",
    "numDiscussions": "num_discussions",
    "numFollowers": "num_followers",
    "numFollowing": "num_following",
    "numFollowingOrgs": "num_following_orgs",
    "numKernels": "num_kernels",
    "numLikes": "num_likes",
    "numModels": "num_models",
    "numPapers": "num_papers",
    "numSpaces": "num_spaces",
    "numUpvotes": "num_upvotes",
    "numUsers": "num_users",
}


class _Account(Record):
    """What users and organisations have in common."""

    fullname: str
    avatar_url: str
    details: str | None
    is_following: bool | None
    created_at: datetime | None
    num_models: int | None
    num_datasets: int | None
    num_spaces: int | None
    num_kernels: int | None
    num_papers: int | None
    num_followers: int | None

    def __init__(self, **fields: Any) -> None:
        """From the fields of the protocol, or from those of this class."""
        given = {_FIELDS.get(name, name): value for name, value in fields.items()}
        super().__init__(**{**_documented(type(self)), **given})
        self.created_at = parse_time(given.get("created_at"))


def _documented(shape: type[Record]) -> dict[str, None]:
    """The names of all fields of a class."""
    return {name: None for part in shape.__mro__ for name in vars(part).get("__annotations__", ())}


class Organization(_Account):
    """An organisation: `name`, `fullname`, `avatar_url`, and what it has.

    `details`, `is_following` (whether the token's owner does), `is_verified`, `plan`, and the
    numbers `num_users`, `num_models`, `num_datasets`, `num_spaces`, `num_kernels`, `num_papers`
    and `num_followers` are None where the hub was not asked for them or does not tell.
    """

    name: str
    is_verified: bool | None
    num_users: int | None
    plan: str | None


class User(_Account):
    """A user: `username`, `fullname`, `avatar_url`, their organisations `orgs`, and more.

    `details`, `is_following` (whether the token's owner does), `is_pro`, `user_type`, `role` (of
    a member of an organisation), and the numbers `num_models`, `num_datasets`, `num_spaces`,
    `num_kernels`, `num_discussions`, `num_papers`, `num_upvotes`, `num_likes`, `num_following`,
    `num_following_orgs` and `num_followers` are None where the hub was not asked for them or does
    not tell.
    """

    username: str
    is_pro: bool | None
    user_type: str | None
    role: str | None
    num_discussions: int | None
    num_upvotes: int | None
    num_likes: int | None
    num_following: int | None
    num_following_orgs: int | None
    orgs: list[Organization]

    def __init__(self, **fields: Any) -> None:
        """From the fields of the protocol, or from those of this class."""
        own = {"user": "username", "type": "user_type"}
        super().__init__(**{own.get(name, name): value for name, value in fields.items()})
        self.orgs = [
            org if isinstance(org, Organization) else Organization(**org)
            for org in fields.get("orgs") or []
        ]


class UserLikes(Record):
    """What a user likes: `total` repositories, and the ids of those of each type."""

    user: str
    total: int
    datasets: list[str]
    kernels: list[str]
    models: list[str]
    spaces: list[str]

    @classmethod
    def parse(cls, user: str, likes: list[Mapping[str, Any]]) -> UserLikes:
        """From the entries of the protocol; types that are not known are counted alone."""

        def ids(type: str) -> list[str]:
            return [like["repo"]["name"] for like in likes if like["repo"]["type"] == type]

        return cls(
            user=user,
            total=len(likes),
            datasets=ids("dataset"),
            kernels=ids("kernel"),
            models=ids("model"),
            spaces=ids("space"),
        )


def parse_user(data: Mapping[str, Any]) -> User:
    """A user from an object of the protocol; raises `KeyError` without a name."""
    return User(**{**data, "user": data["user"]})


def parse_organization(data: Mapping[str, Any]) -> Organization:
    """An organisation from an object of the protocol; raises `KeyError` without a name."""
    return Organization(**{**data, "name": data["name"]})
