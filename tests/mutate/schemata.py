"""One source that holds all its mutants: every function's body stands there once for each fault in
it, chosen at run time by `mutant_chosen`. So a fault costs a run, no compilation.

A body also notes that it was entered: a test that never enters it needs no run.
"""
import re

import mutants

DECLARATIONS = 'extern int mutant_chosen;\nextern unsigned char function_entered[];\n'
SCOPE = re.compile(r'\b(?:struct|class|union|namespace)\b[^()]*$')
FUNCTION = re.compile(r'(?:\)|\bconst|\bnoexcept|\boverride|->\s*[\w:<>*& ]+)$')


def blanked(source):
    """Comments, literals and preprocessor lines as spaces: braces left are the code's."""
    return '\n'.join(' ' * len(line) if line.lstrip().startswith('#') else mutants.blanked(line)
                     for line in source.split('\n'))


def closing(code, opening):
    depth = 0
    for at in range(opening, len(code)):
        depth += (code[at] == '{') - (code[at] == '}')
        if depth == 0:
            return at
    raise ValueError('a brace is never closed')


def is_function(head):
    """Whether a body follows these words: `Ledger::Ledger(Time now)`, not `enum class X`."""
    outside = re.sub(r'\boperator\s*\S+?(?=\()', 'operator', head)
    while '(' in outside:
        shorter = re.sub(r'\([^()]*\)', ' @ ', outside)
        if shorter == outside:
            return False
        outside = shorter
    return ('@' in outside and '=' not in outside and 'constexpr' not in outside and
            FUNCTION.search(head) is not None or re.search(r'@\s*:[^:].*@\s*$', outside, re.S)
            is not None)


def bodies(source):
    """(first, end) of each function's body, its braces not included."""
    code = blanked(source)
    found = []
    at = head_from = 0
    while at < len(code):
        letter = code[at]
        if letter == '{':
            head = code[head_from:at].strip()
            if not SCOPE.search(head):
                end = closing(code, at)
                if is_function(head):
                    found.append((at + 1, end))
                at = end
            head_from = at + 1
        elif letter in ';}':
            head_from = at + 1
        at += 1
    return found


class Schemata:
    """A source's mutants by number, and the text that holds them."""

    def __init__(self, file, source, first_mutant, first_function):
        self.source = source
        self.first_function = first_function
        self.mutants = dict(enumerate(mutants.mutants_of(file, source), first_mutant))
        self.starts = [0]
        for line in source.split('\n'):
            self.starts.append(self.starts[-1] + len(line) + 1)
        self.bodies = bodies(source)
        self.function_of = {}
        for number, mutant in self.mutants.items():
            at = self.starts[mutant.line - 1] + mutant.start
            for index, (first, end) in enumerate(self.bodies):
                if first <= at < end:
                    self.function_of[number] = first_function + index
        # What stands in no body, as a member's first value, can only be another constant.
        self.outside = [number for number, mutant in self.mutants.items()
                        if number not in self.function_of and mutant.kind == 'constant']
        for number in set(self.mutants) - set(self.function_of) - set(self.outside):
            del self.mutants[number]

    def text(self, without):
        """The source with its mutants, but for those; and which mutant each of its lines is of."""
        parts = [DECLARATIONS]
        owners = [None] * DECLARATIONS.count('\n')

        def add(text, owner=None):
            parts.append(text)
            owners.extend([owner] * text.count('\n'))

        written = 0
        for first, end, function in self.places():
            if function is None:
                number, mutant = end, self.mutants[end]
                if number in without:
                    continue
                stop = self.starts[mutant.line - 1] + mutant.end
                add(self.source[written:first])
                add(f'\n(mutant_chosen == {number} ? {mutant.text} : {self.source[first:stop]})\n',
                    number)
                written = stop
                continue
            add(self.source[written:first])
            add(f'\nfunction_entered[{function}] = 1;\nswitch (mutant_chosen) {{\n')
            for number, mutant in self.mutants.items():
                if self.function_of.get(number) != function or number in without:
                    continue
                start = self.starts[mutant.line - 1]
                add(f'case {number}: {{' + self.source[first:start + mutant.start] + mutant.text +
                    self.source[start + mutant.end:end] + '\n} break;\n', number)
            add('default: {\n' + self.source[first:end] + '\n}\n}\n')
            written = end
        add(self.source[written:])
        return ''.join(parts), owners

    def places(self):
        """In order: (first, end, function) of each body, (first, number, None) of what is outside."""
        found = [(first, end, self.first_function + index)
                 for index, (first, end) in enumerate(self.bodies)]
        for number in self.outside:
            mutant = self.mutants[number]
            found.append((self.starts[mutant.line - 1] + mutant.start, number, None))
        return sorted(found)
