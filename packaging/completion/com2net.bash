# Completions of com2net for bash. Made by packaging/completion/make from its help: change that.
# shellcheck shell=bash

_com2net_options() { # VERB
    case $1 in
    'list') printf '%s\n' '-v' '--verbose' '-q' '--quiet' '--log-file=' '-h' '--help' '-V' '--version' ;;
    'status') printf '%s\n' '-v' '--verbose' '-q' '--quiet' '--log-file=' '-h' '--help' '-V' '--version' ;;
    'doctor') printf '%s\n' '-v' '--verbose' '-q' '--quiet' '--log-file=' '-h' '--help' '-V' '--version' ;;
    '') printf '%s\n' '-l' '--list' '-s' '--status' '--pcap=' '-v' '--verbose' '-q' '--quiet' '--log-file=' '-h' '--help' '-V' '--version' ;;
    esac
}
_com2net_commas() { # KIND
    case $1 in
    serial) printf '%s\n' 'rtscts' 'xonxoff' 'noflow' 'if=' 'lowlatency=' 'name=' 'paced' 'dtr=' 'rts=' 'hupcl=' 'no-touch-lines' 'reset=' 'linedelay=' 'hold' 'hotplug' 'mode=' 'takeover' 'observers' 'idle=' ;;
    usb) printf '%s\n' 'name=' 'budget=' 'kernel-checks' 'hotplug' 'reset' 'no-merge' ;;
    demo) printf '%s\n' 'name=' 'budget=' 'kernel-checks' ;;
    demo-loop) printf '%s\n' 'id=' ;;
    demo-icestick) printf '%s\n' 'file=' 'times=' ;;
    demo-disk) printf '%s\n' 'file=' 'ro' ;;
    demo-dfu) printf '%s\n' 'file=' 'start=' ;;
    demo-mouse) printf '%s\n' 'events=' 'play=' ;;
    demo-keyboard) printf '%s\n' 'events=' 'play=' ;;
    esac
}
_com2net_value() { # OPTION: what its value is
    case $1 in
    --log-file | --pcap | events | file) printf '%s\n' 'files' ;;
    mode) printf '%s\n' 'words auto rfc2217 telnet raw' ;;
    start) printf '%s\n' 'words dfu' ;;
    reset) printf '%s\n' 'words esp esp-usb-jtag arduino stm32 touch1200' ;;
    dtr | hupcl | lowlatency | rts) printf '%s\n' 'words on off' ;;
    times) printf '%s\n' 'words real' ;;
    esac
}
_com2net_places() { # VERB: what stands at its places
    case $1 in
    'doctor') printf '%s\n' 'nothing' ;;
    '') printf '%s\n' 'sources' 'nothing' ;;
    esac
}

# Files and folders that begin with WORD; folders with a slash.
_com2net_files() { # WORD
    local file
    while IFS= read -r file; do
        [[ -d $file ]] && file+=/
        printf '%s\n' "$file"
    done < <(compgen -f -- "$1")
}

# Each candidate for WORD, a line each.
_com2net_candidates() { # WORD KIND [WORDS...]
    local word=$1 kind=$2
    shift 2
    case $kind in
    words) printf '%s\n' "$@" ;;
    files | newlinks) _com2net_files "$word" ;;
    links)
        find /dev /dev/shm /tmp -maxdepth 1 -lname '/dev/pts/*' 2>/dev/null
        _com2net_files "$word"
        ;;
    hosts) compgen -A hostname -- "$word" ;;
    users) compgen -u -- "$word" ;;
    groups) compgen -g -- "$word" ;;
    sources)
        compgen -G '/dev/ttyUSB*'
        compgen -G '/dev/ttyACM*'
        compgen -G '/dev/serial/by-id/*'
        printf '%s\n' loop: usb: usb:demo-loop usb:demo-ftdi usb:demo-icestick usb:demo-disk: usb:demo-dfu usb:demo-mouse usb:demo-keyboard
        [[ $word != /* ]] || _com2net_files "$word"
        ;;
    esac
}

# Which options a SOURCE or LINK has after its commas.
_com2net_comma_kinds() { # WHAT KIND
    local demo=${1#usb:}
    case $2:$1 in
    sources:usb:demo-*) printf '%s\n' demo "${demo%%[:,]*}" ;;
    sources:usb:*) echo usb ;;
    sources:*) echo serial ;;
    newlinks:*) echo link ;;
    esac
}

# Takes into COMPREPLY the lines of standard input that begin with WORD, less what readline keeps.
_com2net_reply() { # WORD [BEFORE]
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

_com2net_complete_value() { # WORD OPTION VALUE BEFORE
    local -a value
    read -ra value <<<"$(_com2net_value "$2")"
    [[ ${#value[@]} -eq 0 ]] || _com2net_reply "$1" "$4" < <(_com2net_candidates "$3" "${value[@]}")
}

_com2net_complete_place() { # WORD KIND [WORDS...]
    local word=$1 last=${1##*,} kind
    if [[ $word == *,* && $2 == @(sources|newlinks) ]]; then
        if [[ $last == *=* ]]; then
            _com2net_complete_value "$word" "${last%%=*}" "${last#*=}" "${word%"${last#*=}"}"
        else
            while read -r kind; do
                _com2net_reply "$word" "${word%"$last"}" < <(_com2net_commas "$kind")
            done < <(_com2net_comma_kinds "$word" "$2")
        fi
        return
    fi
    shift
    _com2net_reply "$word" < <(_com2net_candidates "$word" "$@" | sort -u)
}

# After "--" stands a command with its own words.
_com2net_complete_command() {
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
        _com2net_reply "$1" < <(compgen -c -- "$1")
    else
        _com2net_reply "$1" < <(_com2net_files "$1")
    fi
}

_com2net() {
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
            _com2net_complete_command "$word"
            return
            ;;
        --log-file | --pcap)
            previous=${words[at]}
            ((++at))
            ;;
        -*) ;;
        *)
            if [[ -n $first && " list status doctor help " == *" ${words[at]} "* ]]; then
                verb=${words[at]}
            else
                ((++place))
            fi
            first=
            ;;
        esac
    done
    if [[ -n $previous && $at -eq ${#words[@]} ]]; then
        _com2net_complete_value "$word" "$previous" "$word" ''
        return
    fi
    case $word in
    --*=*) _com2net_complete_value "$word" "${word%%=*}" "${word#*=}" "${word%%=*}=" ;;
    -*) _com2net_reply "$word" < <(_com2net_options "$verb") ;;
    *)
        [[ -z $first ]] || _com2net_reply "$word" < <(printf '%s\n' 'list' 'status' 'doctor' help)
        if [[ $verb == help ]]; then
            _com2net_reply "$word" < <(printf '%s\n' list status doctor source serial usb or exit)
            return
        fi
        mapfile -t places < <(_com2net_places "$verb")
        ((${#places[@]})) || return 0
        if [[ -z $verb ]]; then
            place=$((place % ${#places[@]}))
        elif ((place >= ${#places[@]})); then
            place=$((${#places[@]} - 1))
        fi
        # a kind, and words for some
        # shellcheck disable=SC2086
        _com2net_complete_place "$word" ${places[place]}
        ;;
    esac
}
complete -F _com2net com2net
