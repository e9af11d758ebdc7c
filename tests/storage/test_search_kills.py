"""An index whose writer was killed: right after a commit, before the merges that it would have begun, or in one."""

import os
import subprocess
import sys
import time
from pathlib import Path

from storage.search import index as indexing

_SCRIPT = """
import os, sys
from collections import Counter
from pathlib import Path

import tantivy

from storage.search import index as indexing

FOLDER = Path(sys.argv[1])


def held():
    index = indexing.open_index(FOLDER)
    index.reload()
    searcher = index.searcher()
    hits = searcher.search(tantivy.Query.all_query(), limit=1_000).hits
    return Counter(searcher.doc(place)["id"][0] for _, place in hits)


def apart(act, *given):
    child = os.fork()  # this process has no thread of tantivy's
    if not child:
        act(*given)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0


def write(*records, killed=True):
    with indexing._writing(indexing.open_index(FOLDER), heap=indexing._HEAP) as writer:
        for record in records:
            writer.delete_documents_by_term("id", record)
        for record in records:
            writer.add_document(tantivy.Document(id=[record]))
        writer.commit()
        if killed:
            os._exit(0)


segments = [[f"{number}-{row}" for row in range(20)] for number in range(8)]
for segment in segments[:-1]:
    apart(write, *segment)
apart(write, *segments[-1], "0-0")  # now eight segments wait to be merged, one of which has a deletion
apart(lambda: write("0-3", killed=False))
apart(lambda: print(sorted(held().items())))
"""


def test_what_is_written_while_a_merge_goes_on_that_a_kill_put_off_is_held_once(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT, str(tmp_path)], capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.strip() == str(sorted((f"{number}-{row}", 1) for number in range(8) for row in range(20)))


def test_what_a_killed_writer_left_half_written_is_taken_away_once_it_is_nobodys(tmp_path: Path) -> None:
    """Tantivy writes its list of segments aside, as `.tmp…`, and then gives it its name."""
    indexing.open_index(tmp_path)
    (folder,) = tmp_path.iterdir()
    of_the_index = {file.name for file in folder.iterdir()}
    for name, hours in ((".tmpq8Xz2L", 25), (".tmp0aB1cD", 23)):
        (folder / name).write_text('{"segments": [')
        os.utime(folder / name, (time.time() - hours * 3_600,) * 2)
    for name in of_the_index:
        os.utime(folder / name, (0, 0))
    indexing.cursor(indexing.open_index(tmp_path))
    assert {file.name for file in folder.iterdir()} == {*of_the_index, ".tmp0aB1cD"}
