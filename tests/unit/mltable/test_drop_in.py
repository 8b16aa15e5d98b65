"""``import mltable`` in a job's script."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lapisml.runner.overlay import overlay
from tests.support.processes import clean_environment

BLOCKED = "import sys; sys.modules.update(dict.fromkeys(({blocked}), None)); "


def _run(tmp_path: Path, shared: list[str], code: str) -> str:
    version = "{}.{}.{}".format(*sys.version_info[:3])
    ready = {
        "bin": str(Path(sys.executable).parent), "base_python": os.path.realpath(sys.executable),
        "python_version": version, "site_packages": shared,
    }  # fmt: skip
    made = overlay(ready, tmp_path / "env")
    env = made.apply(clean_environment())
    done = subprocess.run([made.python, "-c", code], env=env, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("blocked", ["'lapisml', 'yaml', 'polars', 'pyarrow'", "'lapisml', 'yaml'"])
def test_a_script_reads_its_table_with_nothing_but_pandas(tmp_path: Path, blocked: str) -> None:
    (tmp_path / "rows.csv").write_text("a,b\n1,x\n2,\n")
    (tmp_path / "MLTable").write_text(
        "paths:\n  - file: ./rows.csv\ntransformations:\n  - read_delimited\n  - take: 2\n"
    )
    site = str(Path(pytest.__file__).parents[1])
    code = BLOCKED.format(blocked=blocked) + (
        f"import mltable; t = mltable.load({str(tmp_path)!r}); f = t.to_pandas_dataframe(); "
        "print(f.shape, f['a'].sum(), f['b'].isna().sum(), mltable.__name__); t.save('out')"
    )
    assert _run(tmp_path, [site], code) == "(2, 2) 3 1 mltable\n"
    assert (tmp_path / "out" / "MLTable").exists()


def test_a_package_of_the_environment_comes_first(tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "mltable.py").write_text("whose = 'theirs'\n")
    assert _run(tmp_path, [str(site)], "import mltable; print(mltable.whose)") == "theirs\n"


def test_it_costs_nothing_until_it_is_used(tmp_path: Path) -> None:
    code = "import sys; print('mltable' in sys.modules); import mltable; print('pandas' in sys.modules)"
    assert _run(tmp_path, [], code) == "False\nFalse\n"


def test_what_it_lacks_is_named(tmp_path: Path) -> None:
    for statement, words in (
        ("from mltable import from_delta_lake", "polars.read_delta"),
        ("import mltable; mltable.from_paths([{'file': 'x'}]).random_split()", "to_pandas_dataframe"),
    ):
        code = f"try:\n    {statement}\nexcept Exception as error:\n    print(error)"
        assert words in _run(tmp_path, [], code)
    assert _run(
        tmp_path, [], "import copy, mltable; t = mltable.from_paths([{'file': 'x'}]); print(len(copy.copy(t).paths))"
    )
