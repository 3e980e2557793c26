"""The standard that every block is held to."""

from __future__ import annotations

import inspect

import pytest
from prefect.blocks.core import Block
from pydantic import SecretStr

from blocks.accounting_api import AccountingAPI
from blocks.notifier import Notifier
from blocks.storage import FolderStorage, S3Storage
from blocks.workspace import Workspace

BLOCKS: list[type[Block]] = [AccountingAPI, FolderStorage, Notifier, S3Storage, Workspace]


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_and_each_of_its_fields_are_described(block: type[Block]) -> None:
    assert block._description
    assert block._block_type_name
    assert (block._block_type_slug or "").startswith("conductor-")
    own = {name: field for name, field in block.model_fields.items() if name in block.__annotations__}
    assert own
    assert {name for name, field in own.items() if not (field.description or "").endswith(".")} == set()


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_has_a_docstring_of_its_own(block: type[Block]) -> None:
    assert inspect.getdoc(block) != inspect.getdoc(Block)


@pytest.mark.parametrize("block", [AccountingAPI, Notifier, Workspace])
def test_our_blocks_hold_references_and_no_secrets(block: type[Block]) -> None:
    assert not [name for name, field in block.model_fields.items() if field.annotation is SecretStr]


def test_a_secret_given_as_itself_is_refused() -> None:
    with pytest.raises(ValueError, match="client_secret"):
        AccountingAPI(
            url="https://example.invalid",
            realm="1",
            group_realm="2",
            client_id="id",
            client_secret="the secret itself",
        )
