"""The report as one page of HTML: it needs nothing but itself."""

from collections.abc import Iterable, Sequence
from html import escape

from doorbuster import charts
from doorbuster.charts import Mark, chart
from doorbuster.rehearsal.comparing import Beside
from doorbuster.rehearsal.report import SHOWN, Report, Target
from doorbuster.rehearsal.shedding import by_rank

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; margin: .5rem 0 1.5rem }
td, th { padding: .2rem .7rem; border-bottom: 1px solid #ddd; text-align: right }
td:first-child, th:first-child { text-align: left }
h2 { margin-top: 2rem }
.good { color: #2f8f46 }
.bad { color: #c62828; font-weight: 600 }
figure { margin: 1rem 0 }
figcaption { font-weight: 600 }
figcaption small { color: #777; font-weight: 400 }
figcaption span { font-weight: 400; margin-left: 1rem }
figcaption b { display: inline-block; width: .8em; height: .8em; margin-right: .3em }
svg { width: 100%; background: #fafafa }
"""


_SIDES = {"queries": "query", "commands": "command", "payment provider": "provider"}
_COUNTED = {"orders": "order placed", "failures": "failures", "shed": "shed", "sold out": "out_of_stock"}


def page(report: Report, beside: Sequence[Beside], unlike: Sequence[str], before: str) -> str:
    """The whole page."""
    verdict = '<span class="good">held</span>' if report.holds else '<span class="bad">did not hold</span>'
    parts = [
        f"<h1>Black Friday, {escape(report.profile)}: {verdict}</h1>",
        f"<p>{escape(report.told)}; {escape(report.began)}; {_setting(report)}.</p>",
        "<h2>Targets</h2>", _targets(report.targets()),
        "<h2>What happened when</h2>", _notes(report), _charts(report),
        "<h2>Orders, money, stock</h2>", _books(report),
        "<h2>Invariants</h2>", _invariants(report), _waiting_room(report),
        "<h2>Times</h2>", _times(report),
        "<h2>What came of it</h2>", _rows(("", "times"), sorted(report.result.outcomes.items())),
        _errors(report), _shed(report), _cores(report), _comparison(beside, unlike, before),
    ]  # fmt: skip
    title = f"Black Friday, {escape(report.profile)}, {escape(report.began)}"
    head = f'<meta charset="utf-8"><title>{title}</title><style>{_STYLE}{charts.STYLE}</style>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{"".join(parts)}</body></html>\n'


def _setting(report: Report) -> str:
    return ", ".join(f"{escape(name)} {escape(str(value))}" for name, value in report.setting.items())


def _rows(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{_cell(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{top}</tr>{body}</table>"


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return escape(f"{value:,g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value))


def _targets(targets: Sequence[Target]) -> str:
    rows = "".join(
        f"<tr><td>{escape(t.name)}</td><td>{_cell(t.found)} {t.unit}</td><td>≤ {t.limit:g} {t.unit}</td>"
        f"<td>{_reached(t)}</td></tr>"
        for t in targets
    )
    return f"<table><tr><th></th><th>found</th><th>wanted</th><th></th></tr>{rows}</table>"


def _reached(target: Target) -> str:
    if target.found is None:
        return "did not happen"
    words = "reached" if target.reached else "missed" if target.judged else "missed (not judged)"
    return f'<span class="{"good" if target.reached else "bad"}">{words}</span>'


def _notes(report: Report) -> str:
    return "".join(f"<p>{note.at:.0f} s: {escape(note.what)} (dashed line)</p>" for note in report.notes)


def _charts(report: Report) -> str:
    ends = max([piece["at"] for piece in report.slices], default=0.0) or 1.0
    marks = [Mark(note.at, note.what) for note in report.notes]

    def curve(name: str) -> list[tuple[float, float]]:
        return [(piece["at"], piece[name]) for piece in report.slices if piece.get(name) is not None]

    def counted(name: str) -> list[tuple[float, float]]:
        return [(piece["at"], float(piece.get(name, 0))) for piece in report.slices]

    lags = {"slowest read model": report.lag} | {f"searches: {name}": lag for name, lag in report.searches.items()}
    behind = {name: [(float(at), worst) for at, worst in lag.slices] for name, lag in lags.items()}
    curves = (
        ("Requests", "a second", {"queries": curve("query_rate"), "commands": curve("command_rate")}),
        ("Answers, p95", "ms", {side: curve(f"{name}_p95") for side, name in _SIDES.items()}),
        ("Event lag, worst of each second", "ms", behind),
        ("In each slice of time", "", {told: counted(name) for told, name in _COUNTED.items()}),
    )
    return "".join(chart(title, unit, drawn, ends, marks) for title, unit, drawn in curves)


def _books(report: Report) -> str:
    books = report.books
    rows = (
        ("orders answered to shoppers", books.orders_answered), ("orders in the log", books.orders_placed),
        ("of them paid", books.orders_paid), ("of them cancelled or expired", books.orders_closed),
        ("cost of the paid ones, minor units", books.captured_minor),
        ("taken for them at the provider", books.captured_at_provider_minor),
        ("units before", books.units_before), ("units sold", books.units_sold), ("units that came in", books.units_in),
        ("units after", books.units_after), ("least that is left of any SKU", books.lowest_left),
    )  # fmt: skip
    wrong = "".join(f'<p class="bad">{escape(each)}</p>' for each in books.differences())
    return _rows(("", ""), rows) + (wrong or '<p class="good">All of it adds up.</p>')


def _invariants(report: Report) -> str:
    lines = []
    for verdict in report.verdicts:
        told = "".join(f"<br>{escape(each)}" for each in verdict.differences[:SHOWN])
        state = '<span class="good">holds</span>' if verdict.holds else f'<span class="bad">broken</span>{told}'
        lines.append(f"<tr><td>{escape(verdict.invariant)}</td><td>{state}</td></tr>")
    return f"<table>{''.join(lines)}</table>"


def _waiting_room(report: Report) -> str:
    if report.waiting is None:
        return ""
    wrong = [f"{name}: {each}" for name, found in report.waiting.judged.items() for each in found[:SHOWN]]
    lines = "".join(f'<p class="bad">{escape(each)}</p>' for each in wrong)
    good = '<p class="good">Everybody who bought had their turn, and nobody jumped the queue.</p>'
    return "<h2>The waiting room</h2>" + (lines or good) + _rows(("", ""), report.waiting.told.items())


def _shed(report: Report) -> str:
    rows = [(rank, each.asked, each.shed, f"{each.share:.2%}") for rank, each in by_rank(report.result.steps).items()]
    return "<h2>Told to come again later</h2>" + _rows(("of those who were", "requests", "shed", ""), rows)


def _cores(report: Report) -> str:
    return "<h2>Cores kept busy</h2>" + _rows(("", "on average"), report.cores.items()) if report.cores else ""


def _times(report: Report) -> str:
    names = ("p50", "p95", "p99", "p999")
    sides = [(side, each.get("requests"), *(each.get(n) for n in names)) for side, each in report.sides.items()]
    sides += [(f"{side}, inside", each.get("requests"), *(each.get(n) for n in names))
              for side, each in report.inside.items()]  # fmt: skip
    ways = [(way, each.get("times"), *(each.get(n) for n in names)) for way, each in report.ways.items()]
    lags = {"event lag": report.lag} | {f"search visible, {name}": lag for name, lag in report.searches.items()}
    behind = [(name, lag.seen, lag.p50, lag.p95, lag.p99, lag.worst) for name, lag in lags.items()]
    rows = [*sides, *ways, *behind]
    steps = [(s.step, s.requests, s.failures, s.p50, s.p95, s.p99) for s in report.result.steps]
    return _rows(("ms", "times", "p50", "p95", "p99", "p99.9 (lag: worst)"), rows) + _rows(
        ("step, ms", "requests", "failed", "p50", "p95", "p99"), steps
    )


def _errors(report: Report) -> str:
    errors = report.result.errors
    return _rows(("what failed", "why", "times"), ((e.step, e.error, e.times) for e in errors)) if errors else ""


def _comparison(beside: Sequence[Beside], unlike: Sequence[str], before: str) -> str:
    if not beside:
        return "<h2>An earlier run</h2><p>There is none to compare with.</p>"
    words = {True: "better", False: "worse", None: ""}
    warned = "".join(f'<p class="bad">Set otherwise: {escape(each)}</p>' for each in unlike)
    rows = ((each.name, each.before, each.now, words[each.better]) for each in beside)
    return f"<h2>Beside {escape(before)}</h2>{warned}" + _rows(("", "before", "now", ""), rows)
