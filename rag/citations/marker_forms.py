"""The forms in which models write markers, in English, German, French, Spanish and Italian words."""

import re

WORD = (
    r"(?:sources?|src|ref(?:erence)?s?|cit(?:e|es|ed|ations?)|docs?|documents?|passages?|footnotes?|excerpts?"
    r"|quellen?|dokumente?|belege?|fundstellen?|références?|réfs?|extraits?|fuentes?|documentos?|referencias?|citas?"
    r"|pasajes?|fonte|fonti|document[oi]|riferiment[oi])"
)
_OTHER_WORD = (
    r"(?:contexts?|chunks?|snippets?|results?|index|id|idx|bron(?:nen)?|källa|kilde|źródło"
    r"|来源|出典|出处|引用|文档|资料|参考|источники?|출처)"
)
"""Words that stand for a source in square brackets only."""
_AND = r"(?:and|und|et|y|e|to|bis)"
_SUB = r"(?:no|nr|number|id|index|n)"
_LABEL = rf"(?:(?:{WORD}|{_OTHER_WORD})[ \t:：#._=\"-]{{0,3}}(?:{_SUB}[.° \t:=\"]{{0,3}})?|S(?=\d)|\#)"
_GAP = rf"[ \t]{{0,2}}(?:[,;–-]|&|{_AND}\b)[ \t]{{0,2}}(?:{_AND}[ \t])?"
_NUMBERS = rf"\^?\d{{1,4}}\^?(?:{_GAP}(?:{_LABEL})?\^?\d{{1,4}}\^?){{0,12}}"
_TAIL = r"(?:[ \t]?†[^\[\]\n]{0,40}|[ \t]?[,:;|(–-][ \t]?[^\W\d][^\[\]\n]{0,60}|:\d{1,4}(?:[–-]\d{1,4})?)?"
_INNER = rf"(?:{_LABEL})?{_NUMBERS}"
_SUPERSCRIPT = "[¹²³⁰⁴-⁹]"
_TAG = r"(?:cite|citation|source|ref|document|doc|passage)"
CUE = r"(?:see|cf\.|siehe|vgl\.|voir|véase|vedi)"
_LEAD = (
    r"(?:according to|as (?:stated|described|mentioned|noted|explained|shown|reported) (?:in|by)|based on|as per|in"
    r"|from|per|laut|gemäß|selon|d['’]après|según|secondo)"
)
_ARTICLE = r"(?:(?:the|la|le|les|las|der|den|dem|el|il)[ ]|l['’])"
_SAID = r"(?:sources?|quellen?|fuentes?|fonte|fonti)"
_VERB = r"(?:says|states|mentions|notes|explains|shows|indicates|specifies|reports|say|state)"
_THAT = rf"(?:{_VERB}[ ]that[ ]|says?:?[ ]|states?:[ ])"
_NO_FIGURE = r"(?![\d.,]?\d|[ \t]?[%°€$£])"

MARKER = re.compile(
    # [1] states that …
    rf"[ \n]{{0,2}}(?:{_SAID}[ ])?(?P<subject>\[{_INNER}\](?:[ ]{_AND}[ ]\[{_INNER}\])?)(?P<states>[ ]{_THAT})"
    # [1]  [1, 2]  [1-3]  [^1^]  [Source 1]  [cite: 1]  [S1]  [1 and 2]  [1, line 3]  [1](link)  **[1]**
    rf"|[ \n]{{0,2}}(?:{_SAID}:[ ](?=\[))?(?P<bold>\*{{1,2}}|_)?"
    rf"(?:\^?\\?\[[ \t]?(?P<plain>{_INNER})\"?(?P<tail>{_TAIL})"
    r"[ \t]?\\?\](?:\([^()\s]{0,200}\))?"
    # [1] and [2]  [1], [2]
    rf"(?P<more>(?:(?:[ ]?[,;&–-][ ]?|[ ]{_AND}[ ])\[{_INNER}\]){{0,6}})"
    # [[1]]  ([1], [2])  (see [1])
    rf"|[\[(][ \t]?(?:{CUE}[ \t])?(?:{WORD}:?[ \t])?(?P<nested>"
    rf"(?:\[[ \t]?{_INNER}[ \t]?\](?:[ \t]?(?:[,;&]|{_AND}\b))?[ \t]?){{1,6}})[\])]"
    r"(?:\([^()\s]{0,200}\))?"
    # (Source 1)
    rf"|\((?:{CUE}[ \t])?(?:{_LEAD}[ \t])?(?P<paren>{WORD}[ \t:#._-]{{1,3}}(?:{_SUB}[.° \t]{{0,2}})?{_NUMBERS})"
    r"(?:[ \t]?[,:;][ \t]?[^\W\d][^()\n]{0,60})?\)"
    # 【1】  【1†L3-L5】
    rf"|【[ \t]?(?:{_LABEL})?(?P<lens>\d{{1,4}}(?::\d{{1,3}})?(?:[,;][ \t]?\d{{1,4}}){{0,6}})[^】\n]{{0,40}}】"
    rf"|<(?P<tag>sup|{_TAG})>[ \t]?\[?(?P<sup>{_NUMBERS})\]?[ \t]?</(?P=tag)>)(?(bold)(?P=bold))"
    rf"|(?P<raised>{_SUPERSCRIPT}{{1,4}}(?:[,⁻–⁻˒][ ]?{_SUPERSCRIPT}{{1,4}}){{0,5}})"
    # [cite_start]  <cite index="1">
    rf"|(?P<dress>\[cite_(?:start|end)\][ ]?|</?{_TAG}(?:[ \t][^<>\n]{{0,90}})?>|</?co(?::[ ]?[\d, ]{{1,20}})?>"
    r"|\ue200[^\ue200\ue201\n]{0,80}\ue201)"
    # The fee is 4 crowns (1).
    r"|[ ]\((?P<bare>\d{1,2}(?:,[ ]?\d{1,2}){0,4})\)(?=[.!?]?(?:\s*\n|\s*\Z)|[.!?]\s)"
    # according to source 1, …
    rf"|(?P<comma>,[ ])?\b(?P<lead>{_LEAD})[ ]{_ARTICLE}?"
    rf"(?:(?P<said>{_SAID})[ ](?:{_SUB}[ .]{{1,2}})?(?P<by>{_NUMBERS}){_NO_FIGURE}"
    rf"|\[(?P<marked>{_INNER})\])(?P<pause>[,:][ ]?)?"
    # source 1 says that …
    rf"|(?P<strong>\*\*)?\b(?P<word>{_SAID})[ ](?P<number>{_NUMBERS}){_NO_FIGURE}"
    rf"(?(strong)(?P<heading>:\*\*[ \n]|\*\*:[ \n])|(?P<verb>:[ \n]|[ ]{_THAT})?)",
    re.IGNORECASE,
)
_KNOWN = (
    rf"(?:{WORD}|{_AND}|{_SUB}|{_VERB}|{CUE}|as|per|that|from|according|based|on|in|by|stated|described|mentioned|noted"
    r"|explained|shown|reported|the|la|le|les|las|der|den|dem|el|il|l|d|après|laut|gemäß|selon|según|secondo)(?![^\W\d_])"
)
# Possessive: a text that cannot be a marker is given up at once
MAYBE_MARKER = re.compile(
    r"\s*+(?:(?:\*{1,2}|_)?\^?\\?(?:"
    rf"[\[(](?:[^\w\n]|[\d_]|{_KNOWN}|S){{0,70}}+[^\W\d_]{{0,14}}+"
    r"|[\[(][^\[\]()\n]{0,90}\d[ \t]?[†,:;|][^\[\]()\n]{0,64}+"
    r"|(?:[\[(][ \t]?)?(?:\[[^\[\]\n]{0,160}+\][ ]?(?:[,;&–-][ ]?|[a-z]{1,3}[ ])?(?=\[)){0,7}+"
    r"\[[^\[\]\n]{0,160}+(?:\][\])]?(?:\([^()\s]{0,200}+\)?)?[*_]{0,2}+"
    r"(?:[ ,;&–-]{0,3}[a-z]{0,10}:?[ ]?(?:th?a?t?[ ]?)?)?)?"
    r"|【[^】\n]{0,190}+】?[*_]{0,2}+|<[/a-z]{0,10}+(?:>[^<>\n]{0,60}+(?:</?[a-z]{0,10}>?)?)?[*_]{0,2}+"
    rf"|</?{_TAG}[^<>\n]{{0,92}}+>?|</?co[: \d,]{{0,23}}+>?)?"
    rf"|`{{1,8}}+|{_SUPERSCRIPT}[¹²³⁰⁴-⁹,⁻–˒ ]{{0,30}}+|\ue200[^\ue200\ue201\n]{{0,80}}+"
    rf"|(?:,[ ]?|\*\*)?(?:\b{_KNOWN}[ ]?|\d{{1,4}}[ \t]{{0,2}}+|[\[\]^\"#&,;:.*–-][ \t\n]{{0,2}}+|['’]){{0,30}}+"
    r"(?:\b[^\W\d_]{1,14}+)?)\Z",
    re.IGNORECASE,
)
"""The end of a text in which a marker may have begun."""
LONGEST = 500
"""Characters of the longest marker, with its link."""
_RANGE = re.compile(r"(\d{1,4})(?:\^?[ \t]{0,2}(?:[–-]|(?:to|bis)\b)[ \t]{0,2}[^\W\d]{0,10}[ \t]?\^?(\d{1,4}))?")
_DIGITS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_NO_BRACKETS = str.maketrans("", "", "[]")
_MAX_RANGE = 20
"""[1-3] is three markers; a wider range than this is no citation."""
_NUMBER_GROUPS = (
    "subject",
    "plain",
    "nested",
    "paren",
    "lens",
    "sup",
    "bare",
    "raised",
    "by",
    "marked",
    "number",
    "dress",
)


def marker_numbers(match: re.Match[str], most: int) -> list[int]:
    """Return the numbers of a marker's sources, of which there are ``most``; those of invented ones too."""
    written = next((match[group] for group in _NUMBER_GROUPS if match[group]), "").translate(_DIGITS)
    if match["raised"] and written.isdigit() and int(written) > most:
        return [int(digit) for digit in written]
    if written.startswith("<co") or (match["lens"] and ":" in written):  # numbers of its own
        return []
    numbers: list[int] = []
    for first, last in _RANGE.findall(f"{written}{match['more'] or ''}".translate(_NO_BRACKETS)):
        if not last:
            numbers.append(int(first))
        elif int(first) <= int(last) <= int(first) + _MAX_RANGE:
            numbers.extend(range(int(first), int(last) + 1))
    return numbers[:1] if match["dress"] and not written.startswith("</co") else numbers
