"""The page of a discovery: whole, by itself, in order, and readable in a real browser."""

import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from io import BytesIO

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from eae_sindy.discovery import discover
from eae_sindy.discovery.discover import Reconstruction
from eae_sindy.dynamics import conversions
from eae_sindy.dynamics.library import standard
from eae_sindy.errors import EaeSindyError
from eae_sindy.report import figures
from eae_sindy.report.page import numbers, page, tables
from eae_sindy.report.report import Report
from eae_sindy.report.verdicts import judge
from tests import planted, records

VOID = {"img", "meta", "br", "hr", "link", "input"}
HOSTILE = '<script>alert("1")</script>&"\'.h5'


class Outline(HTMLParser):
    """Elements, attributes and text of a document; fails where tags do not nest."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.attributes, self.text = [], [], [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += [(tag, *a) for a in attributes]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text.append(data)

    @property
    def words(self):
        return " ".join(" ".join(self.text).split())


def images():
    """A wide and a small picture; what they show does not matter here."""
    made = {}
    for name, size in {"figure1": (9, 3), "answers": (10, 6), "figure4": (3, 3)}.items():
        figure = Figure(figsize=size)
        figure.subplots().plot([0, 1], [1, 0])
        made[name] = figures.png(figure)
    return made


@pytest.fixture(scope="module")
def pictures():
    return images()


@pytest.fixture(scope="module")
def found():
    """Two modes that differ by z1 <-> z2: made by hand, all parts there."""
    attributes = {"data": "folder/wake.h5", "command": "eae-sindy fit wake.h5", "version": "0.1.0",
                  "tensorflow": "2.21.0", "data fingerprint": "abcdef"}  # fmt: skip
    return records.discovery(ensemble=records.ensemble((20, 20), attributes=attributes))


@pytest.fixture(scope="module")
def text(found, pictures):
    rows = [{"method": "POD + least squares", "field": 0.01, "period": [6.9, 7.1], "runs": True},
            {"method": "BOP-DMD", "field": None, "seconds": 0.5}]  # fmt: skip
    return page.page(Report.of(found), pictures, "eae-sindy discover 'my file.h5' --report", rows)


def test_the_page_is_whole_and_needs_nothing_else(text, pictures):
    outline = Outline(text)
    assert {"html", "head", "body", "main", "table", "math", "figure"} <= set(outline.tags)
    assert not {"script", "link", "iframe", "object"} & set(outline.tags)
    targets = {v for _, k, v in outline.attributes if k == "id"}
    for tag, name, value in outline.attributes:
        if name in {"src", "href", "srcset", "data", "poster", "action"}:
            local = value.startswith("#") and value[1:] in targets
            assert local or value.startswith("data:image/png;base64,"), (tag, name, value[:40])
        assert not name.startswith("on")
    assert "url(" not in text
    assert "@import" not in text
    assert "://" not in re.sub(r"base64,[^\"]*", "", text)
    assert outline.tags.count("img") == len(pictures)


def test_sections_come_in_order_verdicts_first(text, found):
    outline = Outline(text)
    at = [outline.words.index(numbers.prose(v.text)) for v in judge(found)]
    assert at == sorted(at)
    heads = re.findall(r"<h2>(.*?)</h2>", text)
    assert heads == ["Verdicts", "Equations", "Figures", "Orbits and forecast", "Chains",
                     "Baselines", "Coefficients of Eq. 16", "Provenance"]  # fmt: skip
    assert text.index(judge(found)[-1].subject) < text.index("<math")
    good, caution, bad = (
        sum(v.level == level for v in judge(found)) for level in ("good", "caution", "bad")
    )
    assert f"{good} good, {caution} with caution, {bad} bad." in outline.words
    assert good > caution > bad == 0
    for verdict in judge(found):
        word = {"good": "✓ good", "caution": "! caution", "bad": "✗ bad"}[verdict.level]
        assert f"{word} {verdict.subject[0].upper()}{verdict.subject[1:]}" in outline.words


def test_every_mode_has_its_equations_in_mathematics_in_text_and_with_intervals(text, found):
    a, summary = found.answers, Report.of(found).summary
    assert len(a.modes) == 2
    words = Outline(text).words
    for k, mode in enumerate(summary["modes"]):
        block = text[text.index(f"<h3>Mode {k + 1} ") :]
        block = block[: block.index("</details>")]
        mathematics = block[: block.index("<table")]
        for row in np.array(mode["coefficients"]):
            for value in row[row != 0]:
                assert f"<mn>{numbers.number(abs(value))}</mn>" in mathematics
        assert mathematics.count("<mo>=</mo>") == 2
        for line in (*mode["equations"], *mode["latex"]):
            assert " ".join(line.split()) in words
        low, high = np.array(mode["interval"])
        j = int(np.flatnonzero(np.any(mode["coefficients"], axis=1))[0])
        shown = [float(v.replace("−", "-")) for v in re.findall(r"\[(.*?), (.*?)\]", block)[0]]
        assert shown == pytest.approx([low[j, 0], high[j, 0]], abs=1e-3)
    assert "z1 ↔ z2" in words
    assert "Chosen of 2 candidates: polynomial terms, train frames; the error of its" in words
    assert "trajectories is 0.01, the least of all 0.01." in words


def test_numbers_of_the_tables_are_those_of_the_summary(text, found):
    words, summary = Outline(text).words, Report.of(found).summary
    for kind in ("orbits", "plain_orbits"):
        low, high = summary[kind]["period"]["interval"]
        assert f"[{low:.4f}, {high:.4f}]" in words
    assert f"{summary['orbits']['reference_period']:.4f}" in words
    assert "method field period runs seconds" in words
    assert "POD + least squares 0.01000 [6.9, 7.1] yes –" in words
    assert "BOP-DMD – – – 0.5000" in words


def test_the_ensemble_stands_beside_its_baselines(found):
    row = found.baselines[0]._replace(name="POD-2", field=0.25, rate=0.5)
    there = replace(found, baselines=[row],
                    reconstruction=Reconstruction(0.125, 0.0625, 0.3, 0.1))  # fmt: skip
    there.baselines[0] = row._replace(terms=22.0, runs=0.98765, seconds=np.nan, note="at once")
    words = Outline(page.page(Report.of(there), {}, "")).words
    assert re.search(r"this ensemble 0\.125\d* 0\.0625 ", words)
    assert re.search(r"POD-2 0\.25\d* 0\.5\d* ", words)
    table = words[words.index("What one gets without") : words.index("No comparison with")]
    assert " 22 " in table  # a number of terms, not 22.000
    assert " 99% " in table
    assert "POD-2 at once" in table
    assert "latents" not in table
    assert "seconds" not in table  # nobody has any
    assert "reconstruction, mean over members 0.1250 0.06250 0.3000" in words


def test_it_says_what_made_it(text):
    words = Outline(text).words
    for said in ("eae-sindy discover 'my file.h5' --report", "eae-sindy fit wake.h5", "abcdef",
                 "TensorFlow 2.21.0", f"numpy {np.__version__}", "Equations found in wake.h5",
                 "temperature"):  # fmt: skip
        assert said in words


def test_replicates_have_the_intervals_that_the_verdicts_quote(found):
    summary = Report.of(found).summary
    low, high = summary["orbits"]["replicates"]["growth"]["interval"]
    assert f"[{low:.3f}, {high:.3f}]" in {v.subject: v.text for v in judge(found)}[
        "off the cycle"]  # fmt: skip
    both = summary["orbits"]
    assert both["replicates"]["period"]["interval"] == both["period"]["interval_with_frames"]


def test_strings_of_strangers_stay_text(found, pictures):
    attributes = dict.fromkeys(("data", "command", "system", "recipe", HOSTILE), HOSTILE)
    hostile = replace(found, ensemble=records.ensemble((20, 20), attributes=attributes))
    shown = {HOSTILE: pictures["figure4"]}
    made = page.page(Report.of(hostile), shown, HOSTILE, [{HOSTILE: HOSTILE}])
    outline = Outline(made)
    assert ("img", "alt", HOSTILE) in outline.attributes
    assert "script" not in outline.tags
    assert made.count("<script") == 0
    assert outline.words.count('<script>alert("1")</script>') >= 7


def test_missing_parts_are_named_in_a_sentence(pictures):
    time = np.arange(0, 8, 0.2)
    e = planted.ensemble(time, *planted.orbit(planted.hopf, [0.9, 0.0], time), members=1)
    short = discover.discover(e, "train")
    assert short.answers is None
    words = Outline(page.page(Report.of(short), pictures, "")).words
    for said in ("too short to choose equations", "no figure of modes", "no forecast",
                 "made from Python", "too short, or too constant", "No comparison",
                 "a set of snapshots"):  # fmt: skip
        assert said in words
    first = short.representatives()[0]
    assert short.equations(first)[0] in words
    assert "mode 1" not in words.lower().replace("of mode 1", "")
    assert "No figures were drawn" in page.page(Report.of(short), {}, "")
    still = replace(short, orbits=None)
    assert "no period" in Outline(page.page(Report.of(still), {}, "")).words


def test_a_dead_mode_has_equations_too(found):
    """All coefficients zero: 0 on the right side, and no table."""
    a = found.answers
    dead = replace(a, equations=replace(a.equations, values=np.zeros_like(a.values)))
    made = page.page(Report.of(replace(found, answers=dead)), {}, "")
    Outline(made)
    assert made.count("<math><mn>0</mn></math>") == 4


def test_many_latents_go_into_several_tables():
    library = standard(4, 1, sine=False)
    xi = np.arange(16.0).reshape(4, 4)
    for ends in (None, [xi - 1, xi + 1]):
        made = tables.terms(library, {"coefficients": xi, "interval": ends})
        words = Outline("".join(made)).words
        assert "".join(made).count("<table") == 2
        assert all(words.count(f"{v:.3f}") >= 1 for v in xi.ravel())
        assert ("[14.000, 16.000]" in words) == (ends is not None)


@pytest.mark.parametrize(
    ("value", "text"),
    [(-0.19821, "−0.1982"), (1.2e-5, "1.2×10⁻⁵"), (1913, "1,913"), (-3, "−3"), (np.nan, "–"),
     (np.inf, "∞"), (-np.inf, "−∞"), (0.0, "0")],
)  # fmt: skip
def test_numbers_in_print(value, text):
    assert numbers.number(value) == text


def test_columns_have_one_number_of_decimals():
    assert numbers.aligned([6.91876, -0.00001, np.nan]) == ["6.9188", "0.0000", "–"]
    assert numbers.aligned([0.0163, 0.004967]) == ["0.01630", "0.00497"]
    assert numbers.aligned([123.456, -1.0]) == ["123.46", "−1.00"]
    assert numbers.aligned([1e-9]) == ["1×10⁻⁹"]
    assert numbers.aligned([]) == []


def test_prose_leaves_options_and_words_alone():
    said = numbers.prose("z1 <-> z2, z1 -> -z1 in [-0.5, 2]: raise --draws, R-hat, sub-3")
    assert said == "z1 ↔ z2, z1 → −z1 in [−0.5, 2]: raise --draws, R-hat, sub-3"


def test_terms_as_mathml_nest():
    for term in conversions.mathml(standard(3)):
        Outline(f"<math>{term}</math>")
    assert "<msup>" in conversions.mathml(standard(2))[2]


@pytest.mark.parametrize("count", [1, 2, 4])
def test_labels_of_correlations_are_not_cut_off(found, count):
    terms = [f"sin(z{j}) in z{k}'" for j in (1, 2) for k in (1, 2)][:count]
    row = found.table[0]._replace(significant=True)
    shown = replace(found.correlation, labels=tuple(terms), matrix=np.eye(count))
    few = replace(found, table=[row] * count, correlation=shown)
    image = imread(BytesIO(figures.png(figures.correlations(few))))[..., :3]
    for edge in (image[:4], image[-4:], image[:, :4], image[:, -4:]):
        assert (edge == 1).all()


def test_a_page_is_written_whole_or_refused(tmp_path):
    path = page.write("<p>one</p>", tmp_path / "report.html")
    assert path.read_text("utf-8") == "<p>one</p>"
    with pytest.raises(EaeSindyError, match="exists"):
        page.write("two", path)
    page.write("ä", path, force=True)
    assert path.read_text("utf-8") == "ä"


BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))),
               None)  # fmt: skip


def browse(folder, *arguments):
    """Open the page from disk, with a profile of its own and no name that resolves."""
    command = [BROWSER, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
               "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={folder / 'profile'}",
               *arguments, (folder / "report.html").as_uri()]  # fmt: skip
    done = subprocess.run(command, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


@pytest.fixture(scope="module")
def shown(text, tmp_path_factory):
    if BROWSER is None:
        pytest.skip("no chromium or chrome on this machine")
    folder = tmp_path_factory.mktemp("browser")
    page.write(text, folder / "report.html")
    return folder


@pytest.mark.parametrize("width", [1280, 500])
def test_a_browser_shows_it_within_its_window(shown, width):
    browse(shown, f"--window-size={width},6000", f"--screenshot={shown / 'shot.png'}")
    shot = imread(shown / "shot.png")[..., :3]
    ink = shot.min(axis=2) < 0.95
    assert ink.shape[1] == width
    margin = 60 if width == 1280 else 8
    assert not ink[:, :margin].any()
    assert not ink[:, -margin:].any()
    assert ink[:, margin:-margin].mean() > 0.01
    blue = np.abs(shot - np.array([0x1F, 0x77, 0xB4]) / 255).max(axis=2) < 0.05
    assert blue.sum() > 300  # the lines of the pictures: they came up


def printed(folder):
    browse(folder, "--no-pdf-header-footer", f"--print-to-pdf={folder / 'report.pdf'}")
    return (folder / "report.pdf").read_bytes()


def sheets(pdf):
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


def test_a_browser_prints_it_on_paper_with_nothing_folded(shown, text, tmp_path):
    pdf = printed(shown)
    boxes = {tuple(float(v) for v in box.split())
             for box in re.findall(rb"/MediaBox\s*\[([^\]]*)\]", pdf)}  # fmt: skip
    assert len(boxes) == 1
    assert boxes.pop() == pytest.approx((0, 0, 595, 842), abs=1.5)  # A4, in points
    assert 3 <= sheets(pdf) <= 12
    head = "<summary>All settings of the fit</summary>"
    assert head in text
    page.write(text.replace(head, head + 300 * "<p>line</p>"), tmp_path / "report.html")
    assert sheets(printed(tmp_path)) >= sheets(pdf) + 3


def test_a_browser_finds_what_the_parser_finds(shown, text):
    dom = Outline(browse(shown, "--dump-dom"))
    ours = Outline(text)
    assert [t for t in dom.tags if t != "tbody"] == [t for t in ours.tags if t != "tbody"]
    assert dom.words == ours.words
