"""Cards: what may be in the front matter of a README.md; `core/facts.py` says what follows."""

from __future__ import annotations

from msgspec import UNSET

from freehold.errors import BadRequestError
from freehold.formats.repocard import CardIssue, parse_card
from freehold.server.core.access import Context
from freehold.wire.repos import ValidateYaml, YamlIssue, YamlReport

README = "README.md"
MAX_CARD_SIZE = 4 * 1024 * 1024


def validate_yaml(ctx: Context, body: ValidateYaml) -> YamlReport:
    """What is wrong with the front matter of a card, with lines and columns.

    Raises `BadRequestError` with the same report when there are errors, because clients read
    both lists from that answer.
    """
    card = parse_card(body.content)
    report = YamlReport(errors=_describe(card.errors), warnings=_describe(card.warnings))
    if report.errors:
        message = "\n".join(issue.message for issue in report.errors)
        raise BadRequestError(message, body={"errors": report.errors, "warnings": report.warnings})
    return report


def check_card(text: str) -> None:
    """Refuses a README.md whose front matter cannot be read; raises `BadRequestError`."""
    errors = parse_card(text).errors
    if errors:
        details = "\n".join(f"- {error.message}" for error in errors)
        raise BadRequestError(f"The YAML metadata of README.md is not valid:\n{details}")


def _describe(issues: list[CardIssue]) -> list[YamlIssue]:
    return [
        YamlIssue(
            message=issue.message,
            line=UNSET if issue.line is None else issue.line,
            column=UNSET if issue.column is None else issue.column,
        )
        for issue in issues
    ]
