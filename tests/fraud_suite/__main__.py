"""How many attacks the fraud checks catch, and how many good orders they stop: `make fraud-suite`.

Tables on stderr, one JSON line on stdout. `--why` tells instead, of the tuning half alone, by which rules good orders
were stopped and what slipped through; `--tuning` tells the tables of that half alone: for who tunes the rules. Nobody
looks into the other half so. The set of spelled mails, which is in neither half, is always told.
"""

import sys
from collections import Counter

from shared.envelope import as_json
from tests.fraud_suite.replay import Judged, replay, replay_spelled, traces
from tests.fraud_suite.report import report, table
from tests.fraud_suite.traces import HALVES


def main() -> None:
    if "--why" in sys.argv[1:]:
        return _why(replay(traces()["tuning"]))
    wanted = ("tuning",) if "--tuning" in sys.argv[1:] else HALVES
    found = {half: report(replay(played)) for half, played in traces().items() if half in wanted}
    spelled = report(replay_spelled(traces()["tuning"]))
    for name, told in (*found.items(), ("spellings", spelled)):
        sys.stderr.write("\n".join(["", f"== {name} ==", *table(told), ""]))
    sys.stdout.write(as_json({"fraud_suite": found, "spellings": spelled}).decode() + "\n")


def _why(judged: list[Judged]) -> None:
    """Good orders that were stopped and attackers' that were not, by variant and rules, the most frequent first."""
    wrong = [each for each in judged if each.stopped != each.tried.attack and not each.tried.opening]
    told = Counter((each.trace.kind, each.trace.variant, each.found.verdict, _rules(each)) for each in wrong)
    for (kind, variant, verdict, rules), times in told.most_common():
        sys.stdout.write(f"{times:5}  {kind}: {variant}  {verdict}  [{rules}]\n")


def _rules(judged: Judged) -> str:
    return ", ".join(f"{reason.rule} {reason.points}" for reason in judged.found.reasons)


if __name__ == "__main__":
    main()
