"""`freehold completion`: a script for bash, zsh or fish, made from the parser itself."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Final, NamedTuple

from freehold.cli.output import show
from freehold.cli.parsing import COMMANDS, add_output_options, make_parser

Lines = Iterator[str]


def add_completion(parser: argparse.ArgumentParser) -> None:
    """Adds the options."""
    parser.add_argument("shell", choices=list(SCRIPTS), help="the shell that is to complete")
    add_output_options(parser)
    parser.set_defaults(run=print_completion)


def print_completion(options: argparse.Namespace) -> None:
    """`freehold completion`."""
    places = list_places()
    script = "\n".join(SCRIPTS[options.shell](places))
    if options.json:
        show(options, {"shell": options.shell, "script": script})
    else:
        print(script)


class Option(NamedTuple):
    """An option: its spellings, what it does, and the values it takes when those are fixed."""

    names: list[str]
    help: str
    choices: list[str]
    takes_value: bool


class Place(NamedTuple):
    """What may follow the words of `path`, each with a space before it (` repo create`)."""

    path: str
    commands: dict[str, str]
    choices: list[str]
    options: list[Option]


def list_places() -> list[Place]:
    """Every place of the grammar, from the outside inwards."""
    return list(_walk("", make_parser(COMMANDS)))


def _walk(path: str, parser: argparse.ArgumentParser) -> Iterator[Place]:
    # argparse has no other way to be asked what it knows; this one is as old as argparse.
    actions = parser._actions
    nested: dict[str, argparse.ArgumentParser] = {}
    choices: list[str] = []
    for action in actions:
        if isinstance(action, argparse._SubParsersAction):
            nested |= action.choices
        elif not action.option_strings and action.choices:
            choices += [str(choice) for choice in action.choices]
    options = [_read_option(action) for action in actions if action.option_strings]
    yield Place(path, {n: p.description or "" for n, p in nested.items()}, choices, options)
    for name, inner in nested.items():
        yield from _walk(f"{path} {name}", inner)


def _read_option(action: argparse.Action) -> Option:
    choices = [str(choice) for choice in action.choices or ()]
    text = (action.help or "").replace("%%", "%").replace("%(prog)s", "freehold")
    return Option(list(action.option_strings), text, choices, action.nargs != 0)


def _inner_paths(places: list[Place]) -> list[str]:
    return [place.path for place in places if place.path]


def _with_choices(places: list[Place]) -> Iterator[tuple[str, list[str]]]:
    """What stands before a value that has fixed choices, and those."""
    for place in places:
        for option in place.options:
            if option.choices:
                yield from ((f"{place.path} {name}", option.choices) for name in option.names)


# bash


def _bash_script(places: list[Place]) -> Lines:
    yield "# Completes freehold in bash: source <(freehold completion bash)"
    yield "_freehold() {"
    yield '    local at="" words="" i word="${COMP_WORDS[COMP_CWORD]}"'
    yield '    local before="${COMP_WORDS[COMP_CWORD-1]}"'
    yield '    [[ $word == "=" ]] && word=""'
    yield '    [[ $before == "=" ]] && before="${COMP_WORDS[COMP_CWORD-2]}"'
    yield "    for ((i = 1; i < COMP_CWORD; i++)); do"
    yield '        case "$at ${COMP_WORDS[i]}" in'
    yield f"            {_alternatives(_inner_paths(places))})"
    yield '                at="$at ${COMP_WORDS[i]}" ;;'
    yield "        esac"
    yield "    done"
    yield '    case "$at $before" in'
    for before, choices in _with_choices(places):
        yield f'        "{before}") words="{" ".join(choices)}" ;;'
    yield "        *)"
    yield '            case "$at" in'
    for place in places:
        plain = [*place.commands, *place.choices]
        yield f'                "{place.path}") words="{" ".join(plain)}"'
        marked = " ".join(name for option in place.options for name in option.names)
        yield f'                    [[ $word == -* ]] && words="{marked}" ;;'
    yield "            esac ;;"
    yield "    esac"
    yield '    COMPREPLY=($(compgen -W "$words" -- "$word"))'
    yield "}"
    yield "complete -o bashdefault -o default -F _freehold freehold"


def _alternatives(texts: list[str]) -> str:
    return "|".join(f'"{text}"' for text in texts)


# zsh


def _zsh_script(places: list[Place]) -> Lines:
    yield "#compdef freehold"
    yield "# Completes freehold in zsh: source <(freehold completion zsh), after compinit"
    yield "_freehold() {"
    yield '    local at="" i'
    yield "    local -a found"
    yield "    for ((i = 2; i < CURRENT; i++)); do"
    yield '        case "$at ${words[i]}" in'
    yield f"            ({_alternatives(_inner_paths(places))})"
    yield '                at="$at ${words[i]}" ;;'
    yield "        esac"
    yield "    done"
    yield '    case "$at ${words[CURRENT-1]}" in'
    for before, choices in _with_choices(places):
        yield f'        ("{before}") found=({" ".join(choices)}) ;;'
    yield "        (*)"
    yield '            case "$at" in'
    for place in places:
        yield from _zsh_place(place)
    yield "            esac ;;"
    yield "    esac"
    yield "    if (( $#found )); then _describe -V freehold found; else _files; fi"
    yield "}"
    yield "compdef _freehold freehold"


def _zsh_place(place: Place) -> Lines:
    plain = [_zsh_item(name, text) for name, text in place.commands.items()]
    plain += [_zsh_item(name, "") for name in place.choices]
    marked = [_zsh_item(name, o.help) for o in place.options for name in o.names]
    yield f'                ("{place.path}") found=({" ".join(plain)})'
    yield f"                    [[ $PREFIX == -* ]] && found=({' '.join(marked)}) ;;"


def _zsh_item(name: str, text: str) -> str:
    return _quote(f"{name}:{text}" if text else name)


def _quote(text: str) -> str:
    """The text in quotes that bash and zsh read alike."""
    return "'" + text.replace("'", "'\\''") + "'"


# fish


def _fish_script(places: list[Place]) -> Lines:
    yield "# Completes freehold in fish: freehold completion fish | source"
    yield "function __freehold_at"
    yield "    set -l at ''"
    yield "    for word in (commandline -opc)[2..-1]"
    yield '        switch "$at $word"'
    yield f"            case {' '.join(_fish_quote(path) for path in _inner_paths(places))}"
    yield '                set at "$at $word"'
    yield "        end"
    yield "    end"
    yield '    test "$at" = "$argv[1]"'
    yield "end"
    for place in places:
        condition = f"complete -c freehold -n {_fish_quote(f'__freehold_at {_quote(place.path)}')}"
        for name, text in place.commands.items():
            yield f"{condition} -f -a {name} -d {_fish_quote(text)}"
        if place.choices:
            yield f"{condition} -f -a {_fish_quote(' '.join(place.choices))}"
        yield from (f"{condition} {_fish_option(option)}" for option in place.options)


def _fish_option(option: Option) -> str:
    words = [
        f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names
    ]
    if option.choices:
        words.append(f"-x -a {_fish_quote(' '.join(option.choices))}")
    elif option.takes_value:
        words.append("-r")
    return " ".join([*words, "-d", _fish_quote(option.help)])


def _fish_quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


SCRIPTS: Final = {"bash": _bash_script, "zsh": _zsh_script, "fish": _fish_script}
