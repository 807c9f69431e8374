"""Words that try to be more than words: as names, places, files, devices, addresses.

`python hostile_words.py demo …` is the demo of the product with people of such names. They are in
its store as they stand here: what a form would refuse or tidy is there too.
"""

import sys
from dataclasses import replace

from server import demo

#: What each attack calls, or puts into the page, if it works. Short: a name has 120 characters.
MARK = "zqx"
ELSEWHERE = "zqx.invalid"

MARKUP = (
    "<script>zqx()</script>",
    "<img src=x class=zqx onerror=zqx()>",
    "\"><svg class=zqx onload=zqx()>",
    "'><b class=zqx onmouseover=zqx()>x</b>",
    "</title></textarea></style><script>zqx()</script>",
    "<iframe class=zqx srcdoc='<script>parent.zqx()</script>'></iframe>",
    "<a class=zqx href=javascript:zqx()>Dossier</a>",
    "javascript:zqx()//",
    "<details class=zqx open ontoggle=zqx()>x</details>",
    "<math class=zqx><mi xlink:href=javascript:zqx()>x</mi></math>",
    "<style class=zqx>@import'https://zqx.invalid'</style>",
    "<link class=zqx rel=stylesheet href=https://zqx.invalid>",
    "<base class=zqx href=https://zqx.invalid>",
    "<meta class=zqx http-equiv=refresh content=0;url=https://zqx.invalid>",
    "<form class=zqx action=https://zqx.invalid><button>Valider",
    "<input class=zqx autofocus onfocus=zqx()>",
    "<template class=zqx><script>zqx()</script></template>",
    "${zqx()}{{zqx()}}{%zqx()%}#{zqx()}",
    "<!--<img class=zqx src=x onerror=zqx()>-->",
    "&lt;img src=x onerror=zqx()&gt;&#60;script&#62;zqx()",
    "<x class=zqx style=position:fixed;inset:0 onclick=zqx()>",
    "'-zqx()-'\";zqx();//\\",
    "</script><script>zqx()</script>",
    "<noscript><p title='</noscript><img class=zqx src onerror=zqx()>'>",
)  # fmt: skip
#: Marks of direction, blanks that are not seen, and words without an end.
WRITING = (
    "\u202eegakcap\u202c Gaulle",
    "\u2066\u2067Le Goff",
    "\u200fLe Roux\u200f",
    "Le\u200bGo\u200dff\ufeff\u2060",
    "علي بن صالح",
    "שרה כהן 12",
    "Z" + "\u0335\u0321\u0322" * 30 + "algo",
    "A" * 120,
    "\U0001f468\u200d\U0001f469\u200d\U0001f467" * 8,
)
CORPUS = MARKUP + WRITING


def seed() -> None:
    """From now on, everybody in the demo is called so."""
    demo.ASSURES = tuple(("Mme", one) for one in CORPUS)  # type: ignore[assignment]
    demo.MEDECINS = tuple(
        replace(one, nom=MARKUP[index + 1], fonction=MARKUP[index + 3])
        for index, one in enumerate(demo.MEDECINS)
    )
    demo.AGENTS = tuple(replace(one, nom=MARKUP[1]) for one in demo.AGENTS)
    demo.SITES = tuple(
        replace(
            one, nom=MARKUP[index], adresse=MARKUP[index + 2], acces=MARKUP[1], horaires=MARKUP[4]
        )
        for index, one in enumerate(demo.SITES)
    )


if __name__ == "__main__":
    seed()
    from server.__main__ import main

    sys.exit(main())
