"""The fonts of the papers (OFL.txt): Noto Sans for Latin, Greek and Cyrillic, a few signs of Math.

Made from the fonts of the Noto project with fontTools:

    pyftsubset NotoSans-Regular.ttf --no-hinting --layout-features=ccmp,kern,mark,mkmk,locl \
        --unicodes=U+0020-007E,U+00A0-024F,U+0259,U+02B0-02FF,U+0300-052F,U+1E00-1FFF,U+2000-200B,\
U+2010-2015,U+2018-2022,U+2026,U+202F,U+2030,U+2032-2033,U+2039-203A,U+2044,U+2070-20BF,U+2116,U+2122
    (the same for NotoSans-Bold.ttf)
    pyftsubset NotoSansMath-Regular.ttf --no-hinting --layout-features= \
        --unicodes=U+2190-2195,U+2212,U+221E,U+2248,U+2260,U+2264,U+2265
"""
