#include "results/html/sections.h"

namespace sightline {

namespace {

// Colours of runs are told apart with the usual colour deficiencies and have at least 3:1 against
// the surface, in both themes; shapes repeat what colours say.
constexpr const char* kStyle = R"css(
:root{--bg:#f6f6f4;--surface:#fff;--ink:#1a1d21;--muted:#5a626c;--line:#e2e4e7;--soft:#f0f1f2;
--good:#00695c;--good-bg:#e0f2ee;--bad:#a8320a;--bad-bg:#fdeae2;--even-bg:#eceef0;--tint:#0b7a6b14;
--r0:#0b62b8;--r1:#c4500c;--r2:#00806a;--r3:#a63d86;--r4:#8a6a00;--r5:#5450b5;--r6:#5b6770;--r7:#b3203f}
@media screen and (prefers-color-scheme:dark){:root{--bg:#0f1216;--surface:#181c22;--ink:#e8ebef;
--muted:#9ba6b2;--line:#2b323b;--soft:#20262d;--good:#5fd6bd;--good-bg:#12332d;--bad:#ffa27d;--bad-bg:#43200f;
--even-bg:#2a3038;--tint:#5fd6bd14;--r0:#62b4f5;--r1:#ff9c5e;--r2:#41d3ae;--r3:#ee92c8;--r4:#e3bf4d;
--r5:#a9abff;--r6:#aab6c1;--r7:#ff8b9e}}
.r0{--run:var(--r0)}.r1{--run:var(--r1)}.r2{--run:var(--r2)}.r3{--run:var(--r3)}
.r4{--run:var(--r4)}.r5{--run:var(--r5)}.r6{--run:var(--r6)}.r7{--run:var(--r7)}
*,*::before,*::after{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,
"Helvetica Neue","Noto Sans","Liberation Sans",Arial,sans-serif;overflow-wrap:anywhere}
main{max-width:1120px;margin:0 auto;padding:40px 24px 64px}
h1,h2,h3,h4,h5,p,ul,dl,dd,figure,blockquote{margin:0}
h1{font-size:clamp(26px,4.6vw,40px);line-height:1.12;letter-spacing:-.025em;font-weight:680;text-wrap:balance}
h3{font-size:16px;font-weight:650;letter-spacing:-.005em;margin-bottom:12px}
h4{font-size:14px;font-weight:600;margin-bottom:8px}
.eyebrow{font-size:12px;font-weight:600;letter-spacing:.09em;text-transform:uppercase;color:var(--muted);
margin-bottom:6px}
.top{margin-bottom:24px}
.hidden{position:absolute}
.unit,.tail,.hint,.count,.times,.cut{color:var(--muted)}
.unit{font-weight:400;font-size:.86em}
.hint{font-size:13.5px;margin-bottom:12px;max-width:72ch}
.value,.tail,.number,.tile-number,.bar-value,.score,svg text{font-variant-numeric:tabular-nums lining-nums}
.run{display:inline-flex;align-items:baseline;gap:6px;min-width:0}
.mark{flex:none;fill:var(--run);align-self:center}
.runs{display:grid;grid-template-columns:repeat(auto-fill,minmax(260px,1fr));gap:12px;margin-bottom:12px}
.run-card,.tile,.panel,.card{background:var(--surface);border:1px solid var(--line);border-radius:12px}
.run-card{padding:16px 18px;border-top:3px solid var(--run)}
.run-card h2{font-size:17px;font-weight:650;line-height:1.3}
.run-card p{color:var(--muted);font-size:13.5px;margin:2px 0 10px}
dl{font-size:13px;display:grid;gap:2px}
dl div{display:grid;grid-template-columns:86px 1fr}
dt{color:var(--muted)}
.tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(260px,1fr));gap:12px;margin-bottom:16px}
.tile{padding:14px 18px 16px;color:inherit;text-decoration:none;display:flex;flex-direction:column;
transition:border-color .12s}
.tile:hover,.tile:focus-visible{border-color:var(--muted)}
.tile-title{font-weight:650}.tile-metric{font-size:13.5px;color:var(--muted)}
.tile-row{margin-top:10px}
.tile-line{display:flex;justify-content:space-between;align-items:baseline;gap:12px}
.tile-line .run{font-size:13px;color:var(--muted)}
.tile-number{font-size:20px;font-weight:650;letter-spacing:-.01em;white-space:nowrap}
.tile-number .tail{font-size:12.5px;font-weight:400;letter-spacing:0}
.bar-track{display:block;flex:1;min-width:0;height:6px;background:var(--soft);border-radius:3px;overflow:hidden}
.bar-fill{display:block;height:100%;min-width:1px;background:var(--run);border-radius:3px}
.task{margin-top:56px;scroll-margin-top:16px}
.task>header{border-bottom:1px solid var(--line);padding-bottom:10px;margin-bottom:16px}
.task>header h2{font-size:24px;letter-spacing:-.015em;font-weight:670;line-height:1.25}
.task>header p{color:var(--muted);font-size:14px}
.panel{padding:18px 20px 20px;margin-bottom:14px}
.scroll{overflow-x:auto;margin:0 -20px;padding:0 20px}
table{border-collapse:collapse;font-size:14px;min-width:min(100%,420px)}
th,td{padding:6px 0 6px 28px;text-align:left;vertical-align:baseline;}
th:first-child{padding-left:0}th,td{overflow-wrap:normal}
thead tr:first-child>*{border-top:0}thead th{font-size:13px;font-weight:550;color:var(--muted)}
tbody th{font-weight:500}
th.number,td.number{text-align:right}
thead .run{justify-content:flex-end}
td .value{font-weight:550}
td .tail{font-size:12.5px;white-space:nowrap}
tr.headline th,tr.headline .value{font-weight:700}
tr.detail>*{padding-top:0;padding-bottom:1px;font-size:12.5px;line-height:1.35;border-bottom:0}
tr:has(+tr.detail)>*{border-bottom:0;padding-bottom:1px}tr:not(.detail)>*{border-top:1px solid var(--line)}
tbody tr:first-child>*{border-top-color:var(--ink)}
tr.detail th{padding-left:16px;font-weight:400;color:var(--muted)}tr.detail .value{font-weight:400;color:var(--muted)}
.none{color:var(--muted)}
details>summary{cursor:pointer;font-weight:600;font-size:14px;padding:6px 0}
.panel>details{margin-top:12px}
.panel>details .scroll{margin-top:10px}
.chip{display:inline-block;font-size:12px;font-weight:600;line-height:1.5;padding:0 8px;border-radius:9px;
background:var(--even-bg);color:var(--ink);white-space:nowrap}
.chip.good{background:var(--good-bg);color:var(--good)}
.chip.bad{background:var(--bad-bg);color:var(--bad)}
.forest{margin-top:8px}
.forest-metric{margin:14px 0 2px;font-size:14px}
.forest details{margin-top:10px}.forest details .axis{margin-bottom:0}
.forest-row{display:grid;grid-template-columns:minmax(110px,170px) minmax(0,1fr) minmax(240px,340px);gap:2px 16px;
align-items:center;font-size:13.5px}
.forest-plot{display:block;overflow:visible}
.forest-words .value{font-weight:650}
.forest-words .more{display:block;font-size:12.5px;color:var(--muted)}
svg text{font-size:12px;fill:var(--muted)}
.better-side{fill:var(--tint)}
.grid{stroke:var(--line);stroke-width:1;shape-rendering:crispEdges}
.zero{stroke:var(--muted);stroke-width:1.5;shape-rendering:crispEdges}
.whisker{stroke:var(--run);stroke-width:2}
.point{fill:var(--run)}
.point.open{fill:var(--surface);stroke:var(--run);stroke-width:2.5}
.path{stroke:var(--muted);stroke-width:1.5;stroke-dasharray:4 4;opacity:.7}
.multiples{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,320px),1fr));gap:24px 36px;
align-items:start}
.legend{display:flex;flex-wrap:wrap;gap:4px 18px;font-size:13px;color:var(--muted);margin-bottom:14px}
.bars{display:grid;gap:10px}
.bar-group{display:grid;grid-template-columns:minmax(88px,34%) minmax(0,1fr);gap:12px;align-items:center;
break-inside:avoid}
.bar-label{font-size:13.5px;line-height:1.3}
.bar-set{display:grid;gap:3px}
.bar{display:flex;align-items:center;gap:10px}
.bar .bar-track{height:8px}
.bar-value{font-size:12.5px;min-width:48px;text-align:right;line-height:1.2}
.scatter{padding:10px 16px 24px 54px}
.scatter svg{display:block;overflow:visible}
.axis-name{font-size:12.5px;color:var(--muted)}
.axis-name.x{text-align:center;padding-left:40px}
.points{list-style:none;padding:8px 0 0;font-size:13.5px;display:grid;gap:2px}
.points li{display:flex;justify-content:space-between;gap:12px}
ul.notes,.panel.notes ul{padding-left:18px;font-size:13.5px;color:var(--muted);display:grid;gap:4px}
.page-notes{margin:0 0 16px}.page-notes summary{color:var(--muted);font-size:13.5px}
.switches{display:flex;flex-wrap:wrap;gap:4px 18px;font-size:13.5px;margin-bottom:8px;color:var(--muted)}
.switches label{display:inline-flex;align-items:center;gap:6px;cursor:pointer}
.truth-key{width:14px;height:10px;border:2px solid #fff;outline:1.5px solid #000;background:#8a8f96}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,300px),1fr));gap:14px;align-items:start}
.group{margin-top:14px}
.card{overflow:hidden;break-inside:avoid;content-visibility:auto;contain-intrinsic-size:auto 420px}
.frame{background:#22262b;border-bottom:1px solid var(--line)}
.picture{display:block;width:100%;max-height:300px}
.canvas{fill:#3a4048}
.no-picture{padding:10px 14px;font-size:12.5px;color:#c9d0d8}
.boxes rect{fill:none;vector-effect:non-scaling-stroke}
.boxes .halo{stroke:#000;stroke-opacity:.6;stroke-width:4}
.boxes .line{stroke:var(--box);stroke-width:2}
.boxes text{font-size:10.5px;font-weight:650;fill:var(--box);stroke:#000;stroke-width:3px;paint-order:stroke;
stroke-linejoin:round}
.boxes.truth{--box:#fff}
.guess .line{stroke-dasharray:7 3}.guess.r1 .line{stroke-dasharray:2 3}.guess.r2 .line{stroke-dasharray:10 3 2 3}
.guess.r3 .line{stroke-dasharray:4 4}.guess.r4 .line{stroke-dasharray:12 4}.guess.r5 .line{stroke-dasharray:1 3}
.guess.r0{--box:#62b4f5}.guess.r1{--box:#ff9c5e}.guess.r2{--box:#41d3ae}.guess.r3{--box:#ee92c8}
.guess.r4{--box:#e3bf4d}.guess.r5{--box:#a9abff}.guess.r6{--box:#aab6c1}.guess.r7{--box:#ff8b9e}
.panel:has(.show-truth:not(:checked)) .boxes.truth,.panel:has(.show-r0:not(:checked)) .guess.r0,
.panel:has(.show-r1:not(:checked)) .guess.r1,.panel:has(.show-r2:not(:checked)) .guess.r2,
.panel:has(.show-r3:not(:checked)) .guess.r3,.panel:has(.show-r4:not(:checked)) .guess.r4,
.panel:has(.show-r5:not(:checked)) .guess.r5,.panel:has(.show-r6:not(:checked)) .guess.r6,
.panel:has(.show-r7:not(:checked)) .guess.r7{display:none}
.body{padding:12px 16px 16px;display:grid;gap:10px}
.meta{display:flex;justify-content:space-between;flex-wrap:wrap;gap:4px 10px;font-size:12.5px;color:var(--muted)}
.tag{display:inline-flex;gap:8px;align-items:baseline}
.question{font-weight:600;line-height:1.35;white-space:pre-wrap}
.answer{border-left:3px solid var(--run);padding-left:10px}
.who{display:flex;flex-wrap:wrap;align-items:baseline;gap:2px 10px;font-size:12.5px;color:var(--muted)}
.score{white-space:nowrap;color:var(--ink)}
blockquote{white-space:pre-wrap;line-height:1.4;unicode-bidi:isolate}
.count{font-size:13px}
.error{font-size:12.5px;color:var(--bad);white-space:pre-wrap}
.references h5{font-size:12.5px;font-weight:550;color:var(--muted)}
.references ul{list-style:none;padding:0;font-size:13.5px;line-height:1.4}
.references li{white-space:pre-wrap}
footer{margin-top:56px;font-size:12.5px;color:var(--muted)}
@media (max-width:720px){main{padding:24px 14px 40px}.panel{padding:14px 14px 16px}.scroll{margin:0 -14px;
padding:0 14px}.task{margin-top:40px}table{min-width:0;font-size:13px}th,td{padding-left:14px}
td .tail{display:block}tr>:first-child{position:sticky;left:0;background:var(--surface)}
.forest-row{grid-template-columns:minmax(0,1fr);gap:0;margin-bottom:8px}.forest-row.axis div{display:none}
.scatter{padding-left:46px}}
@media print{:root{--bg:#fff}body{font-size:10.5pt;print-color-adjust:exact;-webkit-print-color-adjust:exact}
main{max-width:none;padding:0}.switches{display:none}.task{margin-top:24pt}.task+.task{break-before:page}
.panel{border:0;padding:6pt 0}.scroll{overflow:visible;margin:0;padding:0}
.card{content-visibility:visible}.cards{grid-template-columns:repeat(3,1fr)}
.forest-row,.bar-group,.small:not(details),.tile,.run-card,tr,li{break-inside:avoid}
h2,h3,h4,summary{break-after:avoid}
details::details-content{content-visibility:visible;block-size:auto;display:block}
a{color:inherit;text-decoration:none}}
@media (prefers-reduced-motion:reduce){.tile{transition:none}}
)css";

}  // namespace

const char* page_style() {
  return kStyle;
}

}  // namespace sightline
