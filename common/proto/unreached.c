#include "unreached.h"

#include <string.h>

#include "address.h"

/* Words, one after the other, cut where there is no room. */
static void add(char text[static UNREACHED_TEXT_MAX], const char *words)
{
    const size_t len = strlen(text), more = strlen(words), room = UNREACHED_TEXT_MAX - 1 - len;
    const size_t n = more < room ? more : room;

    memcpy(text + len, words, n);
    text[len + n] = '\0';
}

static void add_refused(const struct unreached *u, char text[static UNREACHED_TEXT_MAX])
{
    add(text, "nothing listens there");
    add(text, address_is_loopback(u->host) ? ": is " : " for other machines: is ");
    add(text, u->usb ? "com2net, or usbipd, running" : "com2net running");
    if (address_is_loopback(u->host)) {
        add(text, ", and the port right?");
        if (u->outside)
            return;
        add(text, " In a container, ");
        add(text, u->host);
        add(text,
            " is the container itself: name the host, where it listens for others by 0.0.0.0:");
        add(text, u->port);
        return;
    }
    add(text, ", the port right, and said for all (com2net ");
    add(text, u->usb ? "usb:VID:PID 0.0.0.0:" : "/dev/ttyUSB0 0.0.0.0:");
    add(text, u->port);
    add(text, ")?");
}

/* The first line of the server's text, made printable. */
static void first_line(const uint8_t *said, size_t len, char line[static UNREACHED_SAID_MAX])
{
    size_t n = 0;

    for (size_t i = 0; i < len && n < UNREACHED_SAID_MAX - 1; i++) {
        if (n > 0 && (said[i] == '\r' || said[i] == '\n'))
            break;
        if (said[i] >= ' ' && said[i] < 0x7f)
            line[n++] = (char)said[i];
    }
    line[n] = '\0';
}

static void add_foreign(const struct unreached *u, char text[static UNREACHED_TEXT_MAX])
{
    char line[UNREACHED_SAID_MAX];

    first_line(u->said, u->said_len, line);
    add(text, line[0] ? "it says \"" : "it is ");
    add(text, line);
    add(text, line[0] ? "\": " : "");
    add(text, u->usb ? "no USB/IP server: another port, such as 3240?"
                     : "no RFC 2217 server: another port? (--raw takes bytes as they are)");
}

static void add_mute(const struct unreached *u, char text[static UNREACHED_TEXT_MAX])
{
    add(text, "connected, but it says nothing: ");
    add(text, u->usb ? "a USB/IP server would answer. Another port, such as 3240?"
                     : "an RFC 2217 server would. Another port? (--raw takes plain TCP)");
}

static void add_echo(const struct unreached *u, char text[static UNREACHED_TEXT_MAX])
{
    add(text, "connected, but it sends back what it gets: ");
    add(text,
        u->usb ? "no USB/IP server. Another port, such as 3240?"
               : "no RFC 2217 server, but plain TCP with a device that echoes? --raw takes that");
}

void unreached_text(const struct unreached *u, char text[static UNREACHED_TEXT_MAX])
{
    text[0] = '\0';
    switch (u->why) {
    case UNREACHED_REFUSED:
        add_refused(u, text);
        break;
    case UNREACHED_SILENT:
        add(text, "no answer at all: a firewall between, or another address?");
        break;
    case UNREACHED_NO_WAY:
        add(text, "no way leads there: is the address right, and the network up?");
        break;
    case UNREACHED_NO_NAME:
        add(text, "its name is not known: is it spelled right? An address works, too");
        break;
    case UNREACHED_NAME_SERVER:
        add(text, "no name server says what its address is: ");
        add(text, u->outside ? "is the network up?" : "are those of /etc/resolv.conf reachable?");
        add(text, " An address works without");
        break;
    case UNREACHED_MUTE:
        add_mute(u, text);
        break;
    case UNREACHED_FOREIGN:
        add_foreign(u, text);
        break;
    case UNREACHED_ECHO:
        add_echo(u, text);
        break;
    case UNREACHED_OTHER:
        add(text, u->words);
        break;
    }
}

bool unreached_is_foreign(const uint8_t *said, size_t len)
{
    /* RFC 4253 section 4.2; RFC 9112; RFC 6143 section 7.1.1; RFC 5321 section 4.2 */
    static const char *const greetings[] = {"SSH-", "HTTP/", "RFB ", "220 "};
    bool is = false;

    for (size_t i = 0; i < sizeof greetings / sizeof *greetings; i++) {
        const size_t greeting = strlen(greetings[i]);

        is = is || (len >= greeting && memcmp(said, greetings[i], greeting) == 0);
    }
    return is;
}
