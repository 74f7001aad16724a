#include "report/style.h"

#include <stddef.h>

/* clang-format off */
const char *const report_style[] = {
":root{color-scheme:light dark;--ground:#fbfbf9;--card:#fff;--ink:#1d2329;--soft:#55606b;--line:#d9dde0;"
"--good:#00694d;--note:#005a8f;--caution:#8a5a00;--stop:#a84300;--goodbg:#e6f4ef;--notebg:#e6f0f8;"
"--cautionbg:#fdf3dd;--stopbg:#fbe9dd}\n",
"@media (prefers-color-scheme:dark){:root{--ground:#14181c;--card:#1c2228;--ink:#e8ebed;--soft:#a3adb6;"
"--line:#343d45;--good:#4fd0a8;--note:#7cc4f0;--caution:#f0bd4f;--stop:#ff9a5c;--goodbg:#12302a;"
"--notebg:#132a3a;--cautionbg:#33290f;--stopbg:#3a2110}}\n",
"*{box-sizing:border-box}\n",
"html{-webkit-text-size-adjust:100%}\n",
"body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.55 system-ui,-apple-system,'Segoe UI',"
"Roboto,'Noto Sans','DejaVu Sans',sans-serif}\n",
"main{max-width:60rem;margin:0 auto;padding:1.5rem 1rem 3rem}\n",
"h1{font-size:1.75rem;line-height:1.2;margin:.2rem 0}\n",
"h2{font-size:1.3rem;margin:2.6rem 0 .6rem;padding-top:.8rem;border-top:1px solid var(--line)}\n",
"h3{font-size:1.05rem;margin:1.6rem 0 .4rem}\n",
"p{margin:.6rem 0;max-width:44rem}\n",
".subtitle{color:var(--soft);margin:0 0 1rem}\n",
"dl.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:.1rem 1.2rem;margin:1rem 0}\n",
"dl.facts div{padding:.35rem 0;border-top:1px solid var(--line)}\n",
"dt{color:var(--soft);font-size:.8rem}dd{margin:0;overflow-wrap:anywhere}\n",
".headlines{display:grid;grid-template-columns:repeat(auto-fit,minmax(13rem,1fr));gap:.8rem;margin:1.2rem 0}\n",
".headline{background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:.8rem 1rem}\n",
".headline .name{color:var(--soft);font-size:.85rem}\n",
".headline .value{font-size:1.9rem;line-height:1.25;font-weight:650;font-variant-numeric:tabular-nums}\n",
".headline .unit{font-size:1rem;font-weight:400;color:var(--soft)}\n",
".headline .interval,.headline .flags{font-size:.85rem;color:var(--soft)}\n",
".headline.none .value{font-size:1.15rem;color:var(--stop);padding:.35rem 0}\n",
".finding{display:grid;grid-template-columns:6.2rem 1fr;gap:.2rem 1rem;border-left:.3rem solid;border-radius:.3rem;"
"padding:.6rem .9rem;margin:.5rem 0}\n",
".finding p{margin:0;max-width:none}.finding .badge{font-weight:650}\n",
".good{border-color:var(--good);background:var(--goodbg)}.good .badge{color:var(--good)}\n",
".note{border-color:var(--note);background:var(--notebg)}.note .badge{color:var(--note)}\n",
".caution{border-color:var(--caution);background:var(--cautionbg)}.caution .badge{color:var(--caution)}\n",
".stop{border-color:var(--stop);background:var(--stopbg)}.stop .badge{color:var(--stop)}\n",
"nav ul{list-style:none;padding:0;display:flex;flex-wrap:wrap;gap:.3rem 1rem;margin:1rem 0}\n",
"a{color:var(--note)}\n",
"sup{font-size:.7em;line-height:0}\n",
"code{font-size:.9em;white-space:nowrap}\n",
"figure{margin:1.2rem 0;background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:.8rem;"
"break-inside:avoid}\n",
"figure img,figure svg{display:block;max-width:100%;height:auto;margin:0 auto}\n",
"figure img{width:auto;max-height:48rem;background:#000;border-radius:.3rem}\n",
".wide{overflow-x:auto}@media(max-width:40rem){.wide img{max-width:none;max-height:none;width:48rem}.wide svg{max-width:none!important}}\n",
".slices .planes{display:grid;grid-template-columns:repeat(auto-fit,minmax(14rem,1fr));gap:.8rem;align-items:start}\n",
".slices canvas{width:100%;background:#000;border-radius:.3rem;image-rendering:auto;cursor:crosshair;touch-action:pan-y}\n",
".slices label{font-size:.85rem;color:var(--soft)}.slices input[type=range]{width:70%;vertical-align:middle}"
".slices label.window{margin-left:1.2rem;white-space:nowrap}.slices .window input[type=range]{width:8rem}\n",
".slices>img{display:none!important}\n",
"figure.moving:not(:has(.slices:not([hidden]))){display:none}\n",
"svg.strip{font-size:12px}svg.strip text{fill:currentColor}svg.strip circle{fill:var(--note);fill-opacity:.7}\n",
"svg.strip .out{fill:var(--stop)}svg.strip .box{fill:currentColor;fill-opacity:.09}svg.strip .name{font-size:11px}\n",
"svg.strip .median{stroke:currentColor;stroke-width:2}svg.strip .grid{stroke:var(--line)}\n",
"svg.strip .fence{stroke:currentColor;stroke-dasharray:4 3}svg.strip a:hover circle{fill-opacity:1;stroke:currentColor}\n",
"summary{cursor:pointer;margin:.6rem 0}\n",
"figcaption{margin-top:.6rem;font-size:.95rem}\n",
"dl.reading{margin:.5rem 0 0;display:grid;grid-template-columns:6.2rem 1fr;gap:.2rem .8rem;font-size:.9rem}\n",
"dl.reading dt{font-size:.9rem;font-weight:650}\n",
"dt.r-good{color:var(--good)}dt.r-bad{color:var(--caution)}dt.r-act{color:var(--note)}\n",
".scroll{overflow-x:auto;margin:1rem 0}\n",
"table{border-collapse:collapse;width:100%;font-size:.9rem;font-variant-numeric:tabular-nums}\n",
"caption{text-align:left;color:var(--soft);padding-bottom:.4rem}\n",
"th,td{text-align:left;padding:.35rem .7rem .35rem 0;border-top:1px solid var(--line);vertical-align:top}\n",
"thead th{border-top:0;border-bottom:2px solid var(--line);font-weight:600}\n",
"th.n,td.n{text-align:right}td.n{white-space:nowrap}thead th{vertical-align:bottom}\n",
"tr.group th{padding-top:1rem;font-weight:650}\n",
"td.flag{color:var(--caution)}td.none{color:var(--stop)}td.small{font-size:.8rem;color:var(--soft)}\n",
"ol.sources,ol.notes,details{font-size:.9rem}ol.sources li,ol.notes li{margin:.3rem 0;overflow-wrap:anywhere}\n",
"ol.notes{color:var(--caution);padding-left:1.8rem}\n",
"pre{white-space:pre-wrap;overflow-wrap:anywhere;font-size:.78rem;background:var(--card);border:1px solid var(--line);"
"border-radius:.4rem;padding:.7rem}\n",
"footer{margin-top:3rem;border-top:1px solid var(--line);padding-top:.8rem;color:var(--soft);font-size:.85rem}\n",
"@media (max-width:34rem){code{white-space:normal}.finding,dl.reading{grid-template-columns:1fr}h1{font-size:1.4rem}"
"main{padding:1rem .8rem 2rem}.words thead{display:none}.words tr{display:block;border-top:1px solid var(--line);"
"padding:.4rem 0}.words td{display:block;border:0;padding:.1rem 0}.words td:last-child::before{content:'\\2192\\a0'}}\n",
"@media print{:root{--ground:#fff;--card:#fff;--ink:#000;--soft:#444;--line:#bbb;--good:#00694d;--note:#005a8f;"
"--caution:#8a5a00;--stop:#a84300;--goodbg:#fff;--notebg:#fff;--cautionbg:#fff;--stopbg:#fff}"
"body{font-size:10pt}main{max-width:none;padding:0}nav{display:none}h2,h3{break-after:avoid}"
"tr,.finding,.headline{break-inside:avoid}.scroll{overflow:visible}a{color:inherit;text-decoration:none}}\n",
NULL};
/* clang-format on */
