#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "tests/sim/program.hpp"

/// The page of a run: what is in it, and in a browser, where there is one, what it shows.
namespace gossip::sim::test {
namespace {

using Json = nlohmann::json;

class Page : public Program {
 protected:
  Json data() const {
    const std::string begin = "id=\"data\">";
    const std::size_t from = page.find(begin) + begin.size();
    return Json::parse(page.substr(from, page.find("</script>", from) - from));
  }
  void run(const std::string& text) {
    const std::string options =
        " --quiet --html " + (folder / "page.html").string() + " --json " + (folder / "report.json").string();
    const Outcome outcome = call("run " + scenario(text) + options);
    ASSERT_EQ(outcome.code, 0) << outcome.out;
    page = read(folder / "page.html");
    report = Json::parse(read(folder / "report.json"));
  }
  std::string page;
  Json report;
  const std::string faulty = R"({"name": "</script><b>x", "peers": 80, "duration": "10s",
    "topology": {"type": "random_regular", "degree": 4}, "links": {"loss": 0.1},
    "workload": [{"from": 7, "count": 8, "interval": "1s"}], "faults": [{"at": "5s", "kill": 0.3, "back_after": "2s"}]})";
};

TEST_F(Page, HasTheReportAndAddsUp) {
  run(faulty);
  const Json found = data();
  EXPECT_EQ(found["report"]["scenario"], "</script><b>x");
  EXPECT_EQ(found["report"]["misses"], report["misses"]);
  EXPECT_EQ(found["report"]["traffic"], report["traffic"]);
  const Json& pictures = found["pictures"];
  EXPECT_EQ(pictures["coverage"]["ms"].size(), 101u);
  std::uint64_t deliveries = 0, peers = 0;
  for (const Json& count : pictures["timeline"]["deliveries"]) deliveries += count.get<std::uint64_t>();
  EXPECT_EQ(deliveries, report["deliveries"]);
  for (const Json& count : pictures["peers"]["received"]["counts"]) peers += count.get<std::uint64_t>();
  EXPECT_EQ(peers, 80u);
  EXPECT_EQ(pictures["timeline"]["marks"][0]["at"], 5.0);
  for (const Json& replay : pictures["replays"]) {
    EXPECT_EQ(replay["peer"].size(), 80u);
    EXPECT_EQ(std::ranges::count_if(replay["ms"], [](const Json& ms) { return !ms.is_null(); }), replay["delivered"]);
    EXPECT_EQ(replay["coverage"].back(), replay["delivered"].get<double>() / 80);
    const auto last = std::ranges::max_element(replay["ms"], {},
                                               [](const Json& ms) { return ms.is_null() ? 0.0 : ms.get<double>(); });
    EXPECT_EQ(*last, replay["last_ms"]);
    for (std::size_t i = 0; i < 80; ++i) {
      const int from = replay["from"][i];
      if (from < 0) continue;
      EXPECT_LT(replay["ms"][static_cast<std::size_t>(from)], replay["ms"][i]);
    }
  }
}

TEST_F(Page, LoadsNothingAndIsSmall) {
  run(faulty);
  EXPECT_NE(page.find("default-src 'none'"), std::string::npos);
  for (const char* word : {" src=", " href=", "@import", "url(", "fetch(", "<b>x"}) {
    EXPECT_EQ(page.find(word), std::string::npos) << word;
  }
  EXPECT_LT(page.size(), 200'000u);
}

/// Added to the page: gathers errors, plays, points, and leaves what it found in the document.
const std::string probe = R"(<script>{
const figure = document.querySelector('[data-chart=coverage]'), chart = gossip.charts.coverage, found = {};
document.getElementById('scrub').value = 0;
document.getElementById('scrub').dispatchEvent(new Event('input'));
found.start = gossip.charts.replay.share;
document.getElementById('play').click();
setTimeout(() => {
  document.getElementById('play').click();
  found.played = gossip.charts.replay.share;
  found.button = document.getElementById('play').textContent;
  const box = chart.svg.getBoundingClientRect();
  chart.svg.dispatchEvent(new PointerEvent('pointermove', {clientX: box.right - 14, clientY: box.top + 20}));
  found.tip = figure.querySelector('.tip').textContent;
  chart.svg.dispatchEvent(new KeyboardEvent('keydown', {key: 'Home'}));
  found.home = figure.querySelector('.tip').textContent;
  found.charts = [...document.querySelectorAll('[data-chart]')].map(figure => figure.dataset.chart);
  found.empty = [...document.querySelectorAll('svg')].filter(svg => !svg.querySelector('path.line, rect.bar')).length;
  found.bars = document.querySelectorAll('[data-chart=received] rect.bar').length;
  found.mark = document.querySelector('[data-chart=timeline] .legend').textContent;
  found.marks = document.querySelectorAll('[data-chart=timeline] path.mark').length;
  const canvas = document.querySelector('canvas'), pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  found.inked = pixels.some(value => value !== 0);
  found.wide = document.documentElement.scrollWidth > window.innerWidth;
  found.errors = window.errors;
  const made = document.createElement('pre');
  made.id = 'found';
  made.textContent = JSON.stringify(found);
  document.body.append(made);
}, 1500);
}</script>)";

TEST_F(Page, InABrowserEachChartIsThereAndTheReplayPlays) {
  if (std::system("command -v chromium >/dev/null 2>&1") != 0) GTEST_SKIP() << "there is no chromium";
  run(faulty);
  std::string probed = page;
  const std::string errors =
      "<script>window.errors = []; addEventListener('error', e => errors.push(e.message)); "
      "console.error = text => errors.push(text);</script>";
  probed.insert(probed.find("<title>"), errors);
  probed.insert(probed.rfind("</body>"), probe);
  const std::string name = file("probed.html", probed);
  FILE* pipe =
      popen(("timeout 60 chromium --headless=new --no-sandbox --disable-gpu --window-size=400,900 "
             "--user-data-dir=" +
             (folder / "profile").string() + " --virtual-time-budget=6000 --dump-dom file://" + name + " 2>/dev/null")
                .c_str(),
            "r");
  std::string dom;
  for (int c = fgetc(pipe); c != EOF; c = fgetc(pipe)) dom.push_back(static_cast<char>(c));
  pclose(pipe);
  const std::string begin = "<pre id=\"found\">";
  ASSERT_NE(dom.find(begin), std::string::npos) << dom.substr(0, 2000);
  const std::size_t from = dom.find(begin) + begin.size();
  const Json found = Json::parse(dom.substr(from, dom.find("</pre>", from) - from));
  EXPECT_EQ(found["errors"], Json::array());
  EXPECT_EQ(found["charts"],
            Json({"coverage", "timeline", "latency", "duplicates", "received", "load", "traffic", "misses", "replay"}));
  EXPECT_EQ(found["empty"], 0);
  EXPECT_EQ(found["bars"], data()["pictures"]["peers"]["received"]["counts"].size());
  EXPECT_NE(found["mark"].get<std::string>().find("5 s: 30% of the peers crash, back after 2s"), std::string::npos);
  EXPECT_EQ(found["marks"], 1);
  EXPECT_EQ(found["start"], 0);
  EXPECT_GT(found["played"].get<double>(), 0.0);
  EXPECT_EQ(found["button"], "Play") << "paused again";
  EXPECT_TRUE(found["tip"].get<std::string>().starts_with("after: ")) << found["tip"];
  EXPECT_TRUE(found["home"].get<std::string>().starts_with("after: 0 ms")) << found["home"];
  EXPECT_EQ(found["inked"], true);
  EXPECT_EQ(found["wide"], false) << "nothing is cut off at a phone's width";
}

}  // namespace
}  // namespace gossip::sim::test
