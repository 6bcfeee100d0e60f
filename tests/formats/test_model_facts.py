"""What the hub says of models, from their cards and files."""

import pytest

from freehold.formats.facts.contents import BaseModels, RepoContents
from freehold.formats.facts.derive import derive_facts
from tests.formats.model_cards import CASES, CHAT, config


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_model_has_the_library_the_task_and_the_tags_that_people_expect(case):
    facts = derive_facts(case.contents())
    assert (facts.library_name, facts.pipeline_tag) == (case.library, case.task)
    assert [tag.replace(" ", "_") for tag in facts.tags] == case.tags.split()
