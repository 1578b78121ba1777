"""The table of `make tee`: rows of fixtures/tee/expected.json beside what zkseal says. Exit code 1 if one differs."""

import sys
from datetime import UTC, datetime

from tests.tee.rows import ROWS, time_of, verdict_of


def main() -> int:
    """Prints the table."""
    wrong = 0
    for row in ROWS:
        verdict = verdict_of(row)
        wrong += verdict.word != row["result"]
        mark = "ok   " if verdict.word == row["result"] else "WRONG"
        time = datetime.fromtimestamp(time_of(row), UTC).strftime("%Y-%m-%d %H:%M")
        why = f"{verdict.error.code}: {verdict.error.fields['check']}" if verdict.error is not None else ""
        print(f"{mark} {row['evidence']:52} {time}  {row['result']:20} {why:34} production: {verdict.production}")
    print(f"{len(ROWS) - wrong} of {len(ROWS)} rows as expected")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
