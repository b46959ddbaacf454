"""Small faults put into C++ sources, one at a time: which there are, and a source with one of them.

Line by line, on text: comments, strings, preprocessor lines and declarations are left alone. What
does not compile is the caller's to leave out.
"""
import dataclasses
import re

SWAPS = {
    ' < ': ' <= ', ' <= ': ' < ', ' > ': ' >= ', ' >= ': ' > ', ' == ': ' != ', ' != ': ' == ',
    ' + ': ' - ', ' - ': ' + ', ' += ': ' -= ', ' -= ': ' += ', ' && ': ' || ', ' || ': ' && ',
    ' |= ': ' &= ', ' % ': ' + ',
}
PATTERNS = [
    ('operator', re.compile('|'.join(re.escape(old) for old in sorted(SWAPS, key=len, reverse=True))),
     lambda match: SWAPS[match.group()]),
    ('step', re.compile(r'\+\+(?=[\w(])|--(?=[\w(])'),
     lambda match: '--' if match.group() == '++' else '++'),
    ('negation', re.compile(r'(?<![\w)\]])!(?=[\w(])'), lambda match: ''),
    ('constant', re.compile(r'\b(true|false)\b'),
     lambda match: 'false' if match.group() == 'true' else 'true'),
    ('constant', re.compile(r"(?<![\w.'\"])\d+(?=U?\b)(?![.'xX])"),
     lambda match: str(int(match.group()) + 1)),
    ('bound', re.compile(r'std::(max|min)\b'),
     lambda match: 'std::min' if match.group().endswith('max') else 'std::max'),
    ('choice', re.compile(r'(?<=[ (=])(\w[\w.]*(?:\([^()]*\))?)(?= \? )'),
     lambda match: '!(' + match.group() + ')'),
]
STATEMENT = re.compile(r'^\s*(?!return\b|using\b|const\b|auto\b|static\b|case\b|default\b|throw\b|'
                       r'friend\b|constexpr\b|static_cast<void>|class\b|struct\b|enum\b|'
                       r'namespace\b|if\b|for\b|'
                       r'std::\w+(?:<.*>)? \w+;|(?:bool|int|unsigned|std::u?int\w+|std::string) \w)'
                       r'(?:[\w(+*\-][^{}]*|continue|break|return);$')
CONDITION = re.compile(r'\bif \((?!const |auto |\[)(.*)\)(?= \{$| return\b| continue;$| [\w+\-].*;$)')


@dataclasses.dataclass(frozen=True)
class Mutant:
    file: str
    line: int      # from 1
    kind: str
    old: str       # the line without indentation, before
    new: str       # … and after
    start: int     # columns of what is replaced
    end: int
    text: str

    def name(self):
        return f'{self.file}: {self.kind}: {self.old} => {self.new}'


def blanked(line):
    """The line with comments and literals of text replaced by spaces, columns unchanged."""
    line = re.sub(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)\'', lambda m: '"' * len(m.group()), line)
    return re.sub(r'//.*$', lambda m: ' ' * len(m.group()), line)


def balanced(text):
    depth = 0
    for letter in text:
        depth += (letter == '(') - (letter == ')')
        if depth < 0:
            return False
    return depth == 0


def changes(code, before):
    """(kind, start, end, replacement) of each fault in one line; before: the line above."""
    for kind, pattern, replacement in PATTERNS:
        for match in pattern.finditer(code):
            yield kind, match.start(), match.end(), replacement(match)
    condition = CONDITION.search(code)
    if condition and balanced(condition.group(1)):
        yield 'condition', condition.start(1), condition.end(1), f'!({condition.group(1)})'
    whole = re.search(r'[;{}:]$|^$|\) *$', before.rstrip()) is not None
    if whole and STATEMENT.match(code) and balanced(code):
        yield 'statement', len(code) - len(code.lstrip()), len(code), ';'


def mutants_of(file, source):
    found = []
    before = ''
    for number, line in enumerate(source.split('\n'), 1):
        code = blanked(line)
        skipped = re.match(r'\s*#|\s*(inline |static )?constexpr |\s*template', code)
        if not skipped:
            for kind, start, end, text in changes(code, before):
                changed = line[:start] + text + line[end:]
                found.append(Mutant(file, number, kind, line.strip(), changed.strip(), start, end,
                                    text))
        if code.strip():
            before = code
    return found


def apply(mutant, source):
    lines = source.split('\n')
    line = lines[mutant.line - 1]
    lines[mutant.line - 1] = line[:mutant.start] + mutant.text + line[mutant.end:]
    return '\n'.join(lines)
