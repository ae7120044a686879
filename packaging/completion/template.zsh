#compdef @program@
# Completions of @program@ for zsh. Made by packaging/completion/make from its help: change that.

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

# Offers lines "NAME:MEANING", with no blank behind names that end with a "=".
_@program@_offer() { # TAG LINES...
    local tag=$1
    shift
    local -a whole=(${@:#*=:*}) open=(${(M)@:#*=:*})
    _describe -t "$tag" "$tag" whole -- open -qS ''
}

_@program@_complete_kind() { # KIND [WORDS...]
    local kind=${1-}
    (( $# == 0 )) || shift
    case $kind in
    words) compadd -- "$@" ;;
    files | newlinks) _files ;;
    links)
        compadd -f -- /dev/*(N@) /tmp/*(N@)
        _files
        ;;
    hosts) _hosts ;;
    users) _users ;;
    groups) _groups ;;
    sources)
        compadd -f -- /dev/ttyUSB*(N) /dev/ttyACM*(N) /dev/serial/by-id/*(N)
        compadd -S '' -- loop: usb: @demos@
        [[ $PREFIX != /* ]] || _files
        ;;
    esac
}

_@program@_complete_commas() { # KIND
    local source=$PREFIX kind demo
    local -a kinds
    compset -P '*,'
    if [[ $PREFIX == *=* ]]; then
        local option=${PREFIX%%=*}
        compset -P '*='
        _@program@_complete_kind ${=$(_@program@_value "$option")}
        return
    fi
    demo=${source#usb:}
    case $1:$source in
    sources:usb:demo-*) kinds=(demo ${demo%%[:,]*}) ;;
    sources:usb:*) kinds=(usb) ;;
    sources:*) kinds=(serial) ;;
    newlinks:*) kinds=(link) ;;
    esac
    for kind in $kinds; do
        _@program@_offer settings ${(f)"$(_@program@_commas $kind)"}
    done
}

_@program@_complete_place() { # VERB PLACE
    local -a places=(${(f)"$(_@program@_places "$1")"})
    local place=$2
    (( $#places )) || return
    if [[ -z $1 ]]; then
        place=$(( place % $#places ))
    elif (( place >= $#places )); then
        place=$(( $#places - 1 ))
    fi
    local kind=$places[place+1]
    if [[ $PREFIX == *,* && ( $kind == sources || $kind == newlinks ) ]]; then
        _@program@_complete_commas $kind
    else
        _@program@_complete_kind ${=kind}
    fi
}

_@program@() {
    local verb= previous= first=yes place=0 at
    for (( at = 2; at < CURRENT; at++ )); do
        previous=
        case $words[at] in
        --)
            (( CURRENT -= at ))
            shift $at words
            if (( CURRENT == 1 )); then _command_names -e; else _normal; fi
            return
            ;;
        @needing@)
            previous=$words[at]
            (( ++at ))
            ;;
        -*) ;;
        *)
            if [[ -n $first && " @verb_names@ help " == *" $words[at] "* ]]; then
                verb=$words[at]
            else
                (( ++place ))
            fi
            first=
            ;;
        esac
    done
    if [[ -n $previous && $at -gt $CURRENT ]]; then
        _@program@_complete_kind ${=$(_@program@_value "$previous")}
    elif [[ $PREFIX == --*=* ]]; then
        local option=${PREFIX%%=*}
        compset -P '*='
        _@program@_complete_kind ${=$(_@program@_value "$option")}
    elif [[ $PREFIX == -* ]]; then
        _@program@_offer options ${(f)"$(_@program@_options "$verb")"}
    elif [[ $verb == help ]]; then
        compadd -- @verb_names@ @topics@
    else
        [[ -z $first ]] || _@program@_offer verbs @verbs@ 'help:show a part of the help'
        _@program@_complete_place "$verb" $place
    fi
}

_@program@ "$@"
