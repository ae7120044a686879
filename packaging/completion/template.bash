# Completions of @program@ for bash. Made by packaging/completion/make from its help: change that.
# shellcheck shell=bash

_@program@_options() { # VERB
    case $1 in
@options@
    esac
}
_@program@_commas() { # KIND
    case $1 in
@commas@
    esac
}
_@program@_value() { # OPTION: what its value is
    case $1 in
@values@
    esac
}
_@program@_places() { # VERB: what stands at its places
    case $1 in
@places@
    esac
}

# Files and folders that begin with WORD; folders with a slash.
_@program@_files() { # WORD
    local file
    while IFS= read -r file; do
        [[ -d $file ]] && file+=/
        printf '%s\n' "$file"
    done < <(compgen -f -- "$1")
}

# Each candidate for WORD, a line each.
_@program@_candidates() { # WORD KIND [WORDS...]
    local word=$1 kind=$2
    shift 2
    case $kind in
    words) printf '%s\n' "$@" ;;
    files | newlinks) _@program@_files "$word" ;;
    links)
        find /dev /dev/shm /tmp -maxdepth 1 -lname '/dev/pts/*' 2>/dev/null
        _@program@_files "$word"
        ;;
    hosts) compgen -A hostname -- "$word" ;;
    users) compgen -u -- "$word" ;;
    groups) compgen -g -- "$word" ;;
    sources)
        compgen -G '/dev/ttyUSB*'
        compgen -G '/dev/ttyACM*'
        compgen -G '/dev/serial/by-id/*'
        printf '%s\n' loop: usb: @demos@
        [[ $word != /* ]] || _@program@_files "$word"
        ;;
    esac
}

# Which options a SOURCE or LINK has after its commas.
_@program@_comma_kinds() { # WHAT KIND
    local demo=${1#usb:}
    case $2:$1 in
    sources:usb:demo-*) printf '%s\n' demo "${demo%%[:,]*}" ;;
    sources:usb:*) echo usb ;;
    sources:*) echo serial ;;
    newlinks:*) echo link ;;
    esac
}

# Takes into COMPREPLY the lines of standard input that begin with WORD, less what readline keeps.
_@program@_reply() { # WORD [BEFORE]
    local line kept=$1
    # readline replaces only what is after the last of these
    if [[ $COMP_WORDBREAKS == *:* ]]; then kept=${kept%"${kept##*[:=]}"}; else kept=; fi
    while IFS= read -r line; do
        line=${2-}$line
        [[ $line == "$1"* ]] || continue
        [[ $line != *[=:/] ]] || compopt -o nospace 2>/dev/null
        COMPREPLY+=("${line#"$kept"}")
    done
}

_@program@_complete_value() { # WORD OPTION VALUE BEFORE
    local -a value
    read -ra value <<<"$(_@program@_value "$2")"
    [[ ${#value[@]} -eq 0 ]] || _@program@_reply "$1" "$4" < <(_@program@_candidates "$3" "${value[@]}")
}

_@program@_complete_place() { # WORD KIND [WORDS...]
    local word=$1 last=${1##*,} kind
    if [[ $word == *,* && $2 == @(sources|newlinks) ]]; then
        if [[ $last == *=* ]]; then
            _@program@_complete_value "$word" "${last%%=*}" "${last#*=}" "${word%"${last#*=}"}"
        else
            while read -r kind; do
                _@program@_reply "$word" "${word%"$last"}" < <(_@program@_commas "$kind")
            done < <(_@program@_comma_kinds "$word" "$2")
        fi
        return
    fi
    shift
    _@program@_reply "$word" < <(_@program@_candidates "$word" "$@" | sort -u)
}

# After "--" stands a command with its own words.
_@program@_complete_command() {
    local at name
    for ((at = 1; at < COMP_CWORD; at++)); do
        [[ ${COMP_WORDS[at]} != -- ]] || break
    done
    for name in _comp_command_offset _command_offset; do
        if declare -F "$name" >/dev/null; then
            "$name" $((at + 1))
            return
        fi
    done
    if ((at + 1 == COMP_CWORD)); then
        _@program@_reply "$1" < <(compgen -c -- "$1")
    else
        _@program@_reply "$1" < <(_@program@_files "$1")
    fi
}

_@program@() {
    local line=${COMP_LINE:0:COMP_POINT} word verb='' previous='' first=yes place=0 at
    local -a words places
    COMPREPLY=()
    read -ra words <<<"$line"
    [[ $line != *[[:space:]] ]] || words+=('')
    word=${words[${#words[@]} - 1]}

    # what stands before it
    for ((at = 1; at < ${#words[@]} - 1; at++)); do
        previous=
        case ${words[at]} in
        --)
            _@program@_complete_command "$word"
            return
            ;;
        @needing@)
            previous=${words[at]}
            ((++at))
            ;;
        -*) ;;
        *)
            if [[ -n $first && " @verb_names@ help " == *" ${words[at]} "* ]]; then
                verb=${words[at]}
            else
                ((++place))
            fi
            first=
            ;;
        esac
    done
    if [[ -n $previous && $at -eq ${#words[@]} ]]; then
        _@program@_complete_value "$word" "$previous" "$word" ''
        return
    fi
    case $word in
    --*=*) _@program@_complete_value "$word" "${word%%=*}" "${word#*=}" "${word%%=*}=" ;;
    -*) _@program@_reply "$word" < <(_@program@_options "$verb") ;;
    *)
        [[ -z $first ]] || _@program@_reply "$word" < <(printf '%s\n' @verbs@ help)
        if [[ $verb == help ]]; then
            _@program@_reply "$word" < <(printf '%s\n' @verb_names@ @topics@)
            return
        fi
        mapfile -t places < <(_@program@_places "$verb")
        ((${#places[@]})) || return 0
        if [[ -z $verb ]]; then
            place=$((place % ${#places[@]}))
        elif ((place >= ${#places[@]})); then
            place=$((${#places[@]} - 1))
        fi
        # a kind, and words for some
        # shellcheck disable=SC2086
        _@program@_complete_place "$word" ${places[place]}
        ;;
    esac
}
complete -F _@program@ @program@
