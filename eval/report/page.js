"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const byKey = new Map(data.measures.map((measure) => [measure.key, measure]));
  const several = data.runs.length > 1;
  const PAGE = 60;
  const MOST_IN_PLOT = 4;
  const place = (id) => document.getElementById(id);
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const runColour = (index) => colour(`--run-${index % 6}`);
  const plain = (text) => text.replaceAll("_", " ");

  /** Make an element with a class, texts and other elements inside; texts stay texts. */
  function make(tag, className, ...inside) {
    const element = document.createElement(tag);
    if (className) element.className = className;
    element.append(...inside.filter((each) => each !== null && each !== undefined && each !== ""));
    return element;
  }

  function dot(index) {
    const element = make("span", "dot");
    element.style.background = `var(--run-${index % 6})`;
    return element;
  }

  // ------------------------------------------------------------------ head and tiles

  function head() {
    const { collection, baseline, created } = data;
    const names = data.runs.length > 4 ? `${data.runs[0].name} and ${data.runs.length - 1} others` : data.runs.map((run) => run.name).join(", ");
    const compared = baseline ? ` Compared with the baseline of ${baseline.accepted}: ${baseline.reason}.` : "";
    place("about").textContent = `${data.questions.length} questions over ${collection.papers} ${collection.wording}; ${names}; ${created.slice(0, 10)}.${compared}`;
    const versions = Object.entries(data.versions).map(([name, version]) => `${name} ${version}`).join(", ");
    place("versions").textContent = `${versions}; collection ${collection.hash}.`;
  }

  function changeText(run, key) {
    const change = run.changes[key];
    if (!change) return null;
    const on = change.cases === run.figures[key].cases ? "" : `, on the ${change.cases} cases of both`;
    if (change.change === "same") return make("p", "", `unchanged${on}`);
    const isNoise = change.change === "inside the noise";
    const words = isNoise ? "inside the noise" : `${change.change} than ${run.against}`;
    return make("p", isNoise ? "" : change.change, `${change.shown}, ${words}${on}`);
  }

  function tiles() {
    const shownRuns = data.runs.slice(0, MOST_IN_PLOT);
    for (const key of data.headlines) {
      const tile = make("div", "tile", make("h3", "", byKey.get(key).title));
      tile.title = byKey.get(key).what;
      shownRuns.forEach((run, index) => {
        const figure = run.figures[key];
        if (!figure) return;
        const line = make("div", several ? "run several" : "run", several ? dot(index) : null, make("span", "value", figure.shown), several ? make("span", "small", run.name) : null);
        tile.append(line, make("p", "", `${figure.range}; ${figure.cases} ${figure.cases === 1 ? "case" : "cases"}`));
        const change = changeText(run, key);
        if (change) tile.append(change);
      });
      place("headlines").append(tile);
    }
  }

  // ------------------------------------------------------------------ charts

  /** Draw a line from low to high over each bar whose dataset says where they are. */
  const intervals = {
    id: "intervals",
    afterDatasetsDraw(chart) {
      const context = chart.ctx;
      chart.data.datasets.forEach((dataset, index) => {
        if (!dataset.intervals || !chart.isDatasetVisible(index)) return;
        context.save();
        context.strokeStyle = colour("--ink");
        context.lineWidth = 1.5;
        chart.getDatasetMeta(index).data.forEach((bar, at) => {
          const range = dataset.intervals[at];
          if (!range || range[0] === null || range[0] === range[1]) return;
          const [low, high] = range.map((value) => chart.scales.x.getPixelForValue(value));
          context.beginPath();
          context.moveTo(low, bar.y);
          context.lineTo(high, bar.y);
          for (const end of [low, high]) {
            context.moveTo(end, bar.y - 3);
            context.lineTo(end, bar.y + 3);
          }
          context.stroke();
        });
        context.restore();
      });
    },
  };

  const drawn = [];

  /** Draw a chart into a place, so many pixels high; `description` is what a screen reader says. */
  function draw(id, height, description, configuration) {
    const canvas = make("canvas");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", description);
    const frame = make("div", "", canvas);
    frame.style.cssText = `position: relative; height: ${height}px`;
    place(id).replaceChildren(frame);
    drawn.push(new Chart(canvas, configuration));
  }

  function nothing(id, text) {
    place(id).replaceChildren(make("p", "", text));
  }

  function axis(title, more = {}) {
    return { title: { display: Boolean(title), text: title }, grid: { color: colour("--line") }, ...more };
  }

  const percent = { min: 0, max: 1, ticks: { callback: (value) => `${Math.round(100 * value)} %` } };

  function bars(id, labels, datasets, scale, description, tooltip) {
    const height = 60 + labels.length * Math.max(24, 13 * datasets.length + 8);
    draw(id, height, description, {
      type: "bar",
      data: { labels, datasets },
      options: {
        indexAxis: "y",
        maintainAspectRatio: false,
        animation: false,
        scales: { x: axis("", scale), y: { grid: { display: false }, ticks: { autoSkip: false } } },
        plugins: { legend: { display: datasets.length > 1, position: "bottom" }, tooltip: { callbacks: { label: tooltip } } },
      },
      plugins: [intervals],
    });
  }

  function kindsPlot() {
    const keys = data.measures.map((measure) => measure.key).filter((key) => key.startsWith("right."));
    const runs = data.runs.slice(0, MOST_IN_PLOT);
    const datasets = runs.map((run, index) => ({
      label: run.name,
      data: keys.map((key) => run.figures[key]?.value ?? null),
      intervals: keys.map((key) => run.figures[key] && [run.figures[key].low, run.figures[key].high]),
      backgroundColor: runColour(index),
      borderRadius: 3,
      maxBarThickness: 18,
    }));
    const labels = keys.map((key) => plain(key.slice(6)));
    bars("kinds", labels, datasets, percent, "Share of right answers by kind of question", (item) => {
      const figure = runs[item.datasetIndex].figures[keys[item.dataIndex]];
      return `${runs[item.datasetIndex].name}: ${figure.shown} (${figure.range}; ${figure.cases})`;
    });
  }

  function sideBySide() {
    if (!several) return;
    place("side-by-side").hidden = false;
    const key = place("measure").value || "right";
    const runs = data.runs.filter((run) => run.figures[key]);
    const dataset = {
      label: byKey.get(key).title,
      data: runs.map((run) => run.figures[key].value),
      intervals: runs.map((run) => [run.figures[key].low, run.figures[key].high]),
      backgroundColor: runs.map((run) => runColour(data.runs.indexOf(run))),
      borderRadius: 3,
      maxBarThickness: 18,
    };
    const scale = byKey.get(key).unit === "share" ? percent : { beginAtZero: true };
    bars("runs", runs.map((run) => run.name), [dataset], scale, `${byKey.get(key).title} of each run`, (item) => {
      const run = runs[item.dataIndex];
      const change = run.changes[key];
      return [`${run.figures[key].shown} (${run.figures[key].range})`, change ? `${change.shown} ${change.change}` : ""].filter(Boolean);
    });
  }

  function curves(id, field, description, x, y, dataset, line) {
    const runs = data.runs.slice(0, MOST_IN_PLOT).filter((run) => run[field].length);
    if (!runs.length) {
      nothing(id, "Nothing to draw: the assistant gives no confidence with its answers.");
      return;
    }
    const datasets = runs.map((run) => dataset(run, runColour(data.runs.indexOf(run))));
    if (line) datasets.push(line());
    draw(id, 300, description, {
      type: "scatter",
      data: { datasets },
      options: {
        maintainAspectRatio: false,
        animation: false,
        scales: { x: axis(x, percent), y: axis(y, percent) },
        plugins: {
          legend: { display: several, position: "bottom" },
          tooltip: { callbacks: { label: (item) => `${item.dataset.label}: ${Math.round(100 * item.raw.x)} %, ${Math.round(100 * item.raw.y)} %${item.raw.cases ? ` (${item.raw.cases})` : ""}` } },
        },
      },
    });
  }

  function confidencePlots() {
    curves("risk", "riskCoverage", "Risk against coverage", "answers taken, the surest first", "of these wrong", (run, stroke) => ({
      label: run.name, data: run.riskCoverage.map(([x, y]) => ({ x, y })), showLine: true, pointRadius: 0, pointHitRadius: 8, borderColor: stroke, backgroundColor: stroke, borderWidth: 2,
    }));
    const diagonal = () => ({ label: "knows itself", data: [{ x: 0, y: 0 }, { x: 1, y: 1 }], showLine: true, pointRadius: 0, borderColor: colour("--soft"), borderDash: [4, 4], borderWidth: 1 });
    curves("calibration", "calibration", "Share of right answers against confidence", "confidence", "right", (run, stroke) => ({
      label: run.name, data: run.calibration.map(([x, y, cases]) => ({ x, y, cases })), showLine: true, borderColor: stroke, backgroundColor: stroke, borderWidth: 2,
      pointRadius: run.calibration.map((each) => 3 + Math.min(7, Math.sqrt(each[2]))),
    }), diagonal);
  }

  function timesPlot() {
    const run = data.runs[0];
    place("time-title").textContent = `Time by ${run.hasStages ? "stage" : "kind of question"}${several ? `: ${run.name}` : ""}`;
    const datasets = [["p50", "median", "--run-0"], ["p95", "95 in 100", "--run-1"]].map(([field, label, name]) => ({
      label, data: run.times.map((each) => each[field]), backgroundColor: colour(name), borderRadius: 3, maxBarThickness: 14,
    }));
    bars("times", run.times.map((each) => each.name), datasets, { beginAtZero: true, ticks: { callback: (value) => `${value} ms` } }, "Time of an answer", (item) => `${item.dataset.label}: ${Math.round(item.raw)} ms`);
  }

  function charts() {
    drawn.splice(0).forEach((chart) => chart.destroy());
    Chart.defaults.color = colour("--soft");
    Chart.defaults.borderColor = colour("--line");
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    kindsPlot();
    sideBySide();
    confidencePlots();
    timesPlot();
  }

  // ------------------------------------------------------------------ all measures

  function measureTable() {
    const isOfKind = (measure) => measure.key.startsWith("right.");
    for (const [group, title] of Object.entries(data.groups)) {
      measureGroup(title, data.measures.filter((measure) => measure.group === group && !isOfKind(measure)), false);
      if (group === "answers") measureGroup("Right answers by kind", data.measures.filter(isOfKind), true);
    }
  }

  /** Show measures as a table, or behind a line that opens it. */
  function measureGroup(title, its, isFolded) {
    if (!its.length) return;
    const heads = data.runs.map((run, index) => make("th", "", several ? dot(index) : null, several ? ` ${run.name}` : "value (95 in 100; cases)"));
    const table = make("table", "", make("tr", "", make("th", "", "measure"), ...heads));
    for (const measure of its) {
      const source = isFolded || !measure.source ? null : make("p", "", `Source: ${measure.source}`);
      const what = isFolded ? measure.title : make("details", "", make("summary", "", measure.title), make("p", "", measure.what), source);
      const cells = data.runs.map((run) => {
        const figure = run.figures[measure.key];
        if (!figure) return make("td", "number", "–");
        return make("td", "number", figure.shown, " ", make("small", "", `(${figure.range}; ${figure.cases})`), changeText(run, measure.key));
      });
      table.append(make("tr", "", make("td", "", what), ...cells));
    }
    const shown = isFolded ? make("details", "", make("summary", "", title), table) : [make("h3", "", title), table];
    place("measures").append(make("div", "group", ...[shown].flat()));
  }

  // ------------------------------------------------------------------ questions

  /** Return the answer's text as elements: bold and marks shown, everything else as it is. */
  function said(text) {
    const element = make("div", "said");
    for (const piece of text.split(/(\*\*[^*\n]+\*\*|\[\d+\])/)) {
      if (/^\*\*[^*\n]+\*\*$/.test(piece)) element.append(make("strong", "", piece.slice(2, -2)));
      else if (/^\[\d+\]$/.test(piece)) element.append(make("mark", "", piece));
      else element.append(piece);
    }
    return element;
  }

  function list(title, items) {
    if (!items.length) return [];
    return [title ? make("h4", "", title) : null, make("ul", "", ...items.map(([text, isGood]) => make("li", isGood === null ? "" : isGood ? "yes" : "no", text)))];
  }

  function judgements(question, answer) {
    const claims = answer.claims.map(([text, marks, carried]) => [`${text} ${marks.map((mark) => `[${mark}]`).join("")}`, carried]);
    const reason = question.reason ? [[`expected ${plain(question.reason)}, given ${answer.reason ? plain(answer.reason) : "no decline"}`, question.reason === answer.reason]] : [];
    const same = Object.entries(answer.rows).filter(([key]) => key.startsWith("unchanged_")).map(([key, [share]]) => [key.slice(10), share === 1]);
    const others = Object.entries(answer.rows)
      .filter(([key, row]) => row.length === 1 && byKey.has(key) && byKey.get(key).unit === "share" && !key.startsWith("unchanged_") && key !== "right")
      .map(([key, [value]]) => [`${byKey.get(key).title}: ${Math.round(1000 * value) / 1000}`, null]);
    const declined = ["unanswerable", "not_in_library", "off_topic", "false_premise", "near_miss"].includes(question.kind);
    return [
      ...list(declined ? "Papers that it is about" : "Gold papers, cited?", answer.gold.map(([title, cited]) => [title, declined ? null : cited])),
      ...list("Strings that a right answer holds, there?", answer.strings.map(([group, found]) => [group.join(" | "), found])),
      ...list("Strings that must not be there", answer.forbidden.map(([text, found]) => [text, !found])),
      ...list("Number", question.gold_count === undefined ? [] : [[`${question.gold_count} is right`, null]]),
      ...list("Reason of the decline", reason),
      ...list("Claims, carried by their quotes?", claims),
      ...list("Unchanged under", same),
      make("details", "", make("summary", "small", "All that was measured"), ...list("", others)),
    ];
  }

  function answerPart(question, answer, index) {
    const verdict = make("span", "verdict", make("span", answer.right ? "ok" : "bad", answer.right ? "✓ right" : "✗ wrong"));
    const title = make("h3", "", several ? dot(index) : null, several ? data.runs[index].name : "", verdict, make("span", "small", answer.why));
    const sure = answer.confidence === null ? "" : `, confidence ${Math.round(100 * answer.confidence)} %`;
    const facts = `${answer.status}${answer.reason ? ` (${plain(answer.reason)})` : ""}, ${Math.round(1000 * answer.seconds)} ms, ${answer.quotedWords} words quoted${sure}`;
    const quotes = answer.citations.map((each) => make("blockquote", "", `[${each.mark}] ${each.title}: “${each.quote}”`));
    return make(
      "div", "answer", title, make("p", "small", facts), answer.note ? make("p", "small", answer.note) : null, answer.text ? said(answer.text) : null,
      ...(quotes.length ? [make("h4", "", "Quotes"), ...quotes] : []),
      ...list("Nearest papers", answer.suggestions.map((each) => [each, null])),
      ...judgements(question, answer),
    );
  }

  function inside(question) {
    const turns = (question.history || []).map((turn) => make("p", "turn", `${turn.role}: ${turn.content}`));
    const answers = question.answers.map((answer, index) => answerPart(question, answer, index));
    const note = question.note ? make("p", "small", `Note: ${question.note}`) : null;
    const asked = make("p", "", make("strong", "", question.question));
    return make("div", "inside", ...turns, asked, make("p", "small", `${question.id}, ${question.split}`), note, make("div", "answers", ...answers));
  }

  function row(question) {
    const verdict = make("span", "verdict", ...question.answers.map((answer) => make("span", answer.right ? "ok" : "bad", answer.right ? "✓" : "✗")));
    const why = [...new Set(question.answers.map((answer) => answer.why).filter(Boolean))].join("; ");
    const summary = make("summary", "", verdict, make("span", "", question.question), make("span", "kind", plain(question.kind)), why ? make("span", "why", why) : null);
    const element = make("details", "question", summary);
    element.addEventListener("toggle", () => {
      if (element.open && !element.querySelector(".inside")) element.append(inside(question));
    });
    return element;
  }

  const haystacks = data.questions.map((question) =>
    [question.id, question.question, ...(question.gold_papers || []), ...question.answers.flatMap((answer) => [answer.text, answer.why, ...answer.citations.map((each) => `${each.title} ${each.quote}`)])].join(" ").toLowerCase());

  function isShown(question, index) {
    const words = place("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const kind = place("kind").value;
    const verdict = place("verdict").value;
    const rights = question.answers.map((answer) => answer.right);
    if (kind && question.kind !== kind) return false;
    if (verdict === "right" && !rights.every(Boolean)) return false;
    if (verdict === "wrong" && rights.every(Boolean)) return false;
    if (verdict === "differ" && new Set(rights).size < 2) return false;
    return words.every((word) => haystacks[index].includes(word));
  }

  function questions(most = PAGE) {
    const found = data.questions.filter(isShown);
    place("count").textContent = `${found.length} of ${data.questions.length}`;
    const rows = found.slice(0, most).map(row);
    if (found.length > most) {
      const more = make("button", "more", `Show all ${found.length}`);
      more.type = "button";
      more.addEventListener("click", () => questions(found.length));
      rows.push(more);
    }
    place("questions").replaceChildren(...rows);
  }

  function filters() {
    const kinds = [...new Set(data.questions.map((question) => question.kind))];
    place("kind").append(new Option("all kinds", ""), ...kinds.map((kind) => new Option(plain(kind), kind)));
    place("verdict").querySelector('[value="differ"]').hidden = !several;
    const measured = data.measures.filter((measure) => data.runs.every((run) => run.figures[measure.key]));
    place("measure").append(...measured.map((measure) => new Option(measure.title, measure.key)));
    place("filters").addEventListener("submit", (event) => event.preventDefault());
    place("filters").addEventListener("input", () => questions());
    place("measure").addEventListener("input", charts);
  }

  head();
  tiles();
  filters();
  measureTable();
  questions();
  charts();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", charts);
})();
