"""Watches match exactly what the search would find: by the index of their words, and from a database."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from test_search_language import TYPED
from test_search_query import DOCUMENTS, QUERIES

from alerts.matching import Watched
from storage.search.language import parse
from storage.search.query import Document, matches


@given(st.lists(DOCUMENTS, min_size=1, max_size=4), st.lists(QUERIES | TYPED, max_size=12))
@settings(max_examples=400)
def test_watches_match_as_each_of_them_alone_would(documents: list[Document], typed: list[str]) -> None:
    trees = {f"{place}": parse(one).tree for place, one in enumerate(typed)}
    watched = Watched(trees)
    for document in documents:
        assert watched.matching(document) == [name for name, tree in trees.items() if matches(tree, document)]
