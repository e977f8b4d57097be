"""The words that speak about absent code, in groups of what they mean; only a table, weighed elsewhere."""

import re
from collections.abc import Mapping

REST = "rest"  # the part that is meant: what is left over, or all of it
WAS = "was"  # what stood there before
CODE = "code"  # code, or a part of it
GONE = "left out"  # it is not here, or it did not change: said of code, this is hardly ever true of what can be read
STAY = "stays"  # the same, kept, goes on: also said of values
HERE = "here"
POINT = "see"  # see, refer to, copy from: the reader is to fetch it
ELSEWHERE = "lives"  # where something is found: often an honest word about work that is done there
CUT = "cut"  # made shorter, or of no matter here: also said of values
SPEAKER = "speaker"  # who speaks to whom: comments in code seldom do
DONE = "removed"  # taken away on purpose, or moved: an honest note
GLUE = ""  # says nothing alone

WORDS: Mapping[str, str] = {
    REST: """
        zbytek zbývající ostatní többi többit resten loput muu muut sisa lainnya решта інше інший
        інші υπόλοιπος υπόλοιπο υπόλοιπα còn lại прочие дальше далее всё
        rest remaining remainder other others everything else all entire entirety whole complete full more
        additional further subsequent following various yada blah übrige übrigen übriger restliche restlicher
        restlichen weitere weiterer alles reste autres tout suite resto demás restante restantes todo otros
        otras outros outras demais altri altre tutto overige resten övriga reszta reszty pozostałe pozostały
        kalan diğer остальной остальное остальные остальных остальная остальную прочее весь
    """,
    WAS: """
        existent existentă existente stávající původní předchozí meglévő eredeti eksisterende nåværende nuværende
        eksisterer opprinnelig oprindelig nykyinen alkuperäinen olemassa sebelumnya semula прежняя прежнюю прежней
        старый старая старое старые исходная исходные текущий текущая раньше прежде існуючий існуюча попередній
        υπάρχων υπάρχον προηγούμενος hiện cũ
        existing previous previously prev original originally orig prior earlier old older former initial
        current currently before unedited usual your yours bestehende bestehender bestehenden vorhandene
        vorhandener vorhandenen bisher bisherige bisheriger vorher alte alter alten altes
        ursprüngliche ursprünglicher originale
        existant existante existants existantes précédent précédente existente existentes actual anterior
        anteriores antes avant vorhin prima originali esistente esistenti precedente bestaande vorige
        befintlig befintliga tidigare istniejący istniejąca poprzedni poprzednia mevcut önceki существующий
        имеющийся имеющаяся имеющееся имеющиеся
        существующая существующее существующие прежний прежнее предыдущий исходный исходное
    """,
    CODE: """
        codul codului cod kódu kód kódot fungsi berkas kode kodet koodi koodia koodista реализацию реализации метод
        функция функцию логика логику логики κώδικας κώδικα mã hàm tệp
        code codebase function func fn method logic implementation implementations impl body bodies file
        content contents import imports include includes handler handling test tests case cases line lines
        class classes section block definition definitions declaration declarations statement field property
        properties prop route endpoint config configuration setup option part stuff module script style rule
        markup html jsx tsx css component element variable constant type interface struct enum branch branches
        entry entries item key row column table query queries hook state effect template checks validation
        processing step loop helper util utility utilities attribute member constructor getter setter
        operation dependency dependencies setting source snippet detail package region functionality behaviour
        behavior program chunk piece segment portion revision middleware controller model view service reducer action
        selector listener callback assertion fixture functions methods job task stage pipeline rendering
        initialization text document page output boilerplate thing часть parte partie teil funktion funktionen
        methode methoden datei inhalt importe fonction fonctions méthode méthodes fichier código funciones
        función método métodos archivo funções arquivo codice funzioni metodi funktioner koden bestand
        functies kod kodu kodun funkcje metody fonksiyon код кода коду методы функции файл файла файле
        реализация importaciones implementación implémentation implementierung implementação implementazione
        logik logique lógica logica
    """,
    GONE: """
        neschimbat neschimbată nemodificat omis nezměněn nezměněný nezměněno beze változatlan változatlanul uendret
        uændret uforandret utelatt udeladt ennallaan muuttumaton αμετάβλητος αμετάβλητο незмінний незмінним пропущен
        пропущена пропущены опускаю сокращён сокращена опущену
        unchanged omitted omit omitting truncated truncation elided elide ellipsis snipped snip abbreviated abridged
        shortened skipped skipping collapsed unmodified untouched unaltered unaffected intact brevity verbatim
        ditto etc etcetera redacted trimmed condensed unabridged ibid idem asis asbefore nochange notshown
        hidden cut clipped kürze brevedad brièveté brevità brevidade kürzehalber unverändert unveränderter
        unveränderte ausgelassen weggelassen gekürzt gleichbleibend inchangé inchangée inchangés inchangées
        omis omise tronqué abrégé omitido omitida omitidos inalterado inalterada inalterados truncado
        invariato invariata invariati omesso oförändrad oförändrat utelämnat ongewijzigd weggelaten
        niezmieniony niezmieniona pominięto pominięte değişmedi değişmeden aynı atlandı неизменным неизменными
        пропущено опущено опущен опущена опущены сокращено краткости
    """,
    STAY: """
        rămâne rămân zůstává zůstávají stejný stejné stejná marad maradnak ugyanaz azonos forblir forbliver samme
        sama säilyy tetap остались оставлен оставить оставляем изменился изменилась изменились изменилось
        залишається змін ίδιος ίδιο παραμένει giữ nguyên thay đổi không
        same identical remain remains remained stay stays stayed keep keeps keeping kept preserve preserved
        preserves preserving retain retained retains retaining maintain maintained maintaining continue
        cont continues continued continuing continuation leave change changed changes modification modifications
        modified alteration altered alterations edit edited edits update updates updated exist exists touch
        differ difference diff similar likewise equals matches persist persists follow follows bleibt bleiben
        gleich gleiche wie behalten beibehalten weiterhin änderung änderungen geändert mismo misma mantido
        mantida mantiene reste restent même mêmes identique conserver changement changements igual iguales
        permanece permanecen mantener cambios cambio sigue mantém iguais mudanças alterações rimane rimangono
        uguale modifiche resta forblir samma ändringar blijft hetzelfde followed zmian zmiany bez pozostaje samo sam
        aynen değişiklik изменений изменения остается остаётся остаются тот же прежнему
    """,
    HERE: """
        here there below above elsewhere placeholder goes go going belongs stub hier oben unten ici dessous
        dessus aquí arriba abajo aqui acima abaixo qui sopra sotto här ovan nedan tutaj tu powyżej burada
        compléter completar ergänzen yukarıda здесь тут выше ниже
    """,
    POINT: """
        append merge merging back showed gave sent print printing printed reprint retype rewriting
        see refer reference insert paste copy copied put place fill assume assumed assuming imagine given
        shown repeated repeat reuse repo repository head git included posted siehe voir ver véase vedi zie se
        patrz bkz смотри space length look upstream cf clarity readability simplicity conciseness
    """,
    SPEAKER: "i i'm im i've ive i'll you you've u",
    CUT: """
        folded compacted compressed squashed summarized summarised summary cropped stripped contracted irrelevant
        unimportant unrelated uninteresting boring expanded minimized minimised shorthand usw dito bla blah
        ausgeblendet eingeklappt masqué oculto plegado escondido свернуто скрыт скрыто exercise recover recovered
        restore restored reinsert yours magic eccetera enzovoort etcétera
    """,
    ELSEWHERE: "provided defined implemented lives live found located appears appear written resides handled already",
    DONE: """
        removed deleted dropped moved migrated extracted replaced deprecated obsolete renamed inlined
        verschoben entfernt gelöscht entfällt déplacé déplacée supprimé supprimée movido movida eliminado eliminada
        removido spostato rimosso verplaatst verwijderd przeniesiono usunięto taşındı kaldırıldı перенесено перенесён
        перенесена удалено удалён удалена
        superseded unused legacy dead refactored merged factored relocated generated longer instead
    """,
    GLUE: """
        the a an of is are be been was were being present has have had in on at to for from with and or as it
        its this that these those they them their you our my me we he exactly still just would will should
        shall must can could may per by not no so up way standard need needs needed nothing any each every
        which where what while since because than then out off only about into through if too very also simply
        basically actual actually real really required necessary left end begin start please long show pattern
        teh next point onward onwards down using use used one two three both functionwise yet let lets
        many such again alone like had want wanted nor happens deal steht stehen como está estava dejar deixar оставить
        laissez lassen lasciare kindly bitte avec à some lots plus ao au aux al
        save saves saving due sake note todo fixme nb ie eg supposed part relevant apart aside appropriate
        well after file's class's valid der die das des dem den ist sind und oder von zu noch nicht le la les
        de du est sont et ou sans que qui el los las del se es son y o sin lo os do da dos é são e sem il gli
        della di che rimangono non è sono het van av är och på en ett z w na jest są oraz ve bir без и в на не
        как по для между between аналогично так что комментарий answer chat commit conversation edition message
        prompt reply response version important info attention reminder ask know us
    """,
}
# Said in more than one word: read as the one they mean.
SAID = [
    (re.compile(pattern), word if word in ("un", "re") else f" {word} ")
    for pattern, word in (
        (r"(?:^|[.!] )\W*do not (?:edit|modify)(?: (?:it|this|by hand|manually))*\W*$", "generated"),
        (r"\bas[- ](?:is|are|it (?:is|was|stands)(?: (?:now|today))?|they (?:are|were|stand))\b", "asis"),
        (r"\b(?:as|than|like|from) (?:it was )?(?:before|previously|earlier|already)\b|\bas above\b", "asbefore"),
        (
            (
                r"\b(?:no|any|without|zero|nothing|not|never|n't|not been|does not need to|need not|"
                r"haven't|isn't|aren't) "
                r"(?:further |other |more |need to |been )?"
                r"(?:changes?|changed|modif\w+|alter\w*|updat\w+|edit(?:s|ed)?|touched|affected|diff(?:erences?)?)\b"
            ),
            "nochange",
        ),
        (
            (
                r"\b(?:did|do|does|was|were|is|are|has|have)(?: not|n't)(?: \w+)? "
                r"(?:change[sd]?|modified|altered|touched|shown|edited|included|repeated|listed|displayed)\b"
            ),
            "nochange",
        ),
        (
            (
                r"\b(?:not|un) ?(?:re-?)?(?:shown|included|repeated|listed|displayed|produced|printed|pasted|copied|"
                r"typed|rewritten|restated|duplicated)\b"
            ),
            "notshown",
        ),
        (r"\b(?:left|leave|leaving) (?:out|alone)\b", "omitted"),
        (
            (
                r"\bnicht (?:ver|ge)ändert\b|\bpas (?:été )?(?:chang|modif)\w+|\bsin (?:cambios|modific\w+)|"
                r"\bbez zmian\b|\bбез изменений\b|\bне (?:из)?мен\w+|\bohne änderung(?:en)?\b|\bsenza modifiche\b|"
                r"\bsans (?:changement|modification)s?\b|\bsem (?:alterações|mudanças)\b|\butan ändringar\b|"
                r"\bno cambia\w*"
            ),
            "nochange",
        ),
        (r"\b(?:do not|don't|never) (?:touch|change|modify|edit|alter)\b", "keep"),
        (
            (
                r"\b(?:as|like|from) (?:supplied|given|agreed|discussed|written|shown|specified|posted|sent|last time|"
                r"you (?:wrote|had|have|sent|gave)(?: (?:it|them|this))?|usual)\b"
            ),
            "asbefore",
        ),
        (r"\bno-?op change\b|\b(?:none|nothing) (?:of \w+ |here )?(?:changes|changed|differs)\b", "nochange"),
        (
            (
                r"\b(?:wie (?:vorher|bisher|gehabt|oben|es war)|como (?:antes|est\w+)|comme avant|tel(?:le)? quel\w*|"
                r"come prima|così com'è|als eerst|zoals het (?:is|was)|som förut|как (?:раньше|есть|было)|"
                r"jak (?:wcześniej|było)|geri kalanı aynı|olduğu gibi|tal cual|assim por diante|und so weiter|"
                r"et ainsi de suite|así sucesivamente|и так далее|то же самое|по-старому|não mud\w+|sin tocar|"
                r"(?:ne )?pas toucher|(?:même|misma|mesma|la stessa) (?:chose|cosa|coisa))\b"
            ),
            "asbefore",
        ),
        (
            r"\b(?:long|large|big|huge) (?:list|block|function|method|table|file|chunk|body|section|array)\b",
            "compressed",
        ),
        (r"\b(?:what(?:ever)?|code|stuff) (?:was|were|is|stood|had been) (?:here|there)\b", "asbefore"),
        (
            (
                r"\b(?:won't|will not|not going to|no need to|needn't) "
                r"(?:repeat|retype|paste|copy|show|include|print|list)\b"
            ),
            "notshown",
        ),
        (r"\b(?:left |leave )?(?:to|for) the reader\b", "omitted"),
        (r"\bversion control\b|\bgit (?:history|log|blame)\b", "repository"),
        (r"\bd'origine\b", "original"),
        (r"\bwhat(?:ever)? you(?:'ve)? (?:have|had|got|wrote|sent)(?: (?:now|there|here))?\b", "asbefore"),
        (r"\b(?:previous|last|earlier|older) (?:commit|revision|message|reply|answer|turn|response)s?\b", "asbefore"),
        (r"\b(?:main|core|business|inner) (?:logic|code|implementation|body|part)\b", "code"),
        (r"\b(?:work|stuff|magic|logic|things|everything|it(?: all)?) happens? here\b", "code here"),
        (r"\bnot (?:important|relevant|interesting)\b", "irrelevant"),
        (r"\balready (?:have|had) (?:this|it|that|them|these)\b", "asbefore"),
        (r"\(\+\d+\)|^\+\d+$", "more"),
        (r"\bnothing new\b", "nochange"),
        (r"\bun-(?=changed|modified|touched|altered)", "un"),
        (r"\bre-(?=us)", "re"),
        (r"\btoo (?:long|large|big)\b|\b(?:left )?as an exercise\b|\bcut off\b", "omitted"),
        (r"\b(?:no|not|n't|never|nothing|none)\b.{0,40}\b(?:needed|necessary|required|longer)\b", "removed"),
        (r"\band so (?:on|forth)\b|\byou get the (?:idea|gist|picture|point|pattern)\b", "etc"),
        (r"\b(?:don't|do not|never) (?:forget|remove|delete|drop|lose|break)\b", "keep"),
        (r"\b(?:make sure|be sure|remember) to\b", "please"),
        (
            r"\bend of (?:the |my |all )?(?:changes|edits|modifications|diff|patch)\b|\ubcc0\uacbd\s*\uc5c6\uc74c",
            "nochange",
        ),
        (r"\b(?:out|outside)(?: of)?(?: the)? scope(?: of (?:this|the) \w+)?\b", "unrelated"),
        (r"\buser's\b", "your"),
        (
            (
                r"\bet cetera\b|\bund so fort\b|\bcomme ci-dessus\b|\bcome sopra\b|"
                r"\bnothing(?: \w+)? (?:was|is|been) touched\b"
            ),
            "etc",
        ),
        (r"\b(?:same )?as (?:committed|on (?:main|master|head))\b|\bsame (?:story|deal|thing|drill)\b", "asbefore"),
        (r"\b(?:reached the|hit the) limit\b|^\W*limit reached\W*$", "brevity"),
        (r"\b(?:carry|bring|copy)(?: (?:the|all|your|my))?(?: (?:rest|code|remaining))? over\b", "copy rest"),
        (r"\buntil the end\b", "rest"),
        (r"\b(?:as requested|on request|if (?:you )?need(?:ed)?(?: (?:it|be))?)\b", "please"),
        (r"\b\u0442\u0430\u043a \u0436\u0435\b", "asbefore"),
        (r"\bnothing (?:here|left|more|to (?!change|modify|edit|update|alter|add)\w+)\b", "removed"),
        (r"\b(?:do not|don't|never|must not) (?:add|use|call|put|import)\b|\bused to\b", "removed"),
        (r"\b(?:fold|merg|roll|absorb|inlin|mov)ed into\b", "moved"),
        (r"\brestul(?:ui)?\b", "rest"),
        (r"^\W*skip\W*$", "skipped"),
        (
            (
                r"\bskip(?:s|ping)? hidden\b|\bhidden (?:column|row|file|field|element|item|input)s?\b|"
                r"\b(?:trimmed|truncated|hidden|skipped|collapsed|cut|shortened|stripped) by\b|"
                r"\b(?:see|read|refer to)(?: the)? "
                r"(?:design|migration|upgrade|commit message|adr|wiki|docs?|guide|spec)\b"
            ),
            "removed",
        ),
        (r"\bmain (?:branch|repo\w*)\b", "repository"),
        (
            (
                r"\b(?:max(?:imum)? )?(?:tokens?|length|output|context|generation|response|message)(?: limit)? "
                r"(?:reached|exceeded|stopped|ended|exhausted)\b|\b(?:ran|running) out of "
                r"(?:space|tokens|room|context)\b"
            ),
            "brevity",
        ),
        (
            (
                r"\b(?:only )?(?:show|list|includ|print)ing (?:only )?(?:the )?"
                r"(?:changes|changed|modified|relevant|differences|diff|new)\b|"
                r"\b(?:skip|jump|fast[- ]forward)(?:ping|ing)?(?: (?:ahead|forward))?"
                r"(?: to (?:the )?(?:next|end)\w*)?\b"
            ),
            "skipped",
        ),
        (r"\b(?:same|like) as (?:ever|always|usual)\b|\banalogous(?:ly)?\b", "same"),
        (r"\bend of (?:the |this )?(?:excerpt|snippet|preview|extract)\b|\bto expand\b", "truncated"),
        (
            (
                r"\b(?:same|identical|unchanged|like|equal)(?: as| to| from)?(?: in)?(?: the)? "
                r"v(?:ersion )?\d+(?:\.\d+)*\b"
            ),
            "asbefore",
        ),
        (r"\b(?:token|output|context|character|response|message)s? (?:limit|window|length|budget)\w*", "brevity"),
        (r"\bto save (?:space|tokens|room)\b|\bdue to length\b", "brevity"),
    )
]
# Written without spaces between words.
_RUNS = {
    REST: """
        बाकी शेष باقي بقية שאר יתר ที่เหลือ
        其余 이하 其他 剩余 剩下 余下 以下 其餘 剩餘 残り 他の その他 나머지 다른
    """,
    WAS: """
        मौजूदा पुराना الحالي السابق الأصلي הקיים הקודם เดิม 以前
        现有 已有 原有 原来 之前 现存 原始 既存 既有 旧的 元の 以前 기존 이전 원래
    """,
    CODE: """
        कोड फ़ंक्शन الكود كود الدالة קוד โค้ด
        代码 代碼 程式碼 方法 函数 函數 实现 逻辑 文件 内容 部分 コード メソッド 関数 実装
        処理 ファイル 코드 메서드 함수 구현 로직 파일
    """,
    GONE: """
        अपरिवर्तित تغيير שינוי ไม่เปลี่ยน 不改 後略 前略 下同 이하생략
        不变 省略
        略 原样 未修改 没有变化 无变化 未改动 不變 変更なし 変更ありません 変更はありません 変わらず 중략 생략 상동 同上
        변경없음 折叠 隐藏 不需要修改 変更しない 以下略
    """,
    STAY: """
        वही रहेगा समान كما هو يبقى نفس נשאר זהה เหมือน
        相同 一样 保持 一致 保留 修改 变更 同前 同じ 同様 そのまま まま 変更 동일 유지 그대로
    """,
    HERE: """
        此处 这里 此處 這裡 ここ 여기
    """,
    DONE: """
        移至 移到 移除 删除 刪除 废弃 不再 已移 削除 移動 廃止 不要 삭제 이동 제거 نقل حذف إزالة हटा
    """,
}
SCRIPTS = {group: tuple(runs.split()) for group, runs in _RUNS.items()}
