/*
 * What com2nets tell each other on Windows, see common/seam/teller.h: each has a named pipe with
 * its process's number in its name. So it is found by the numbers of all processes.
 *
 * A text is one write, for which the pipe has room, before its end is closed. What its reader
 * leaves unread stays the system's as long as the reader has its own end.
 */
#include "teller.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <winsock2.h>
#include <windows.h>
#include <tlhelp32.h>

#include "clock.h"
#include "log.h"
#include "timer.h"
#include "utf8.h"
#include "wake.h"
#include "win_error.h"

enum {
    NAME_MAX_LEN = 64,
    REST_MS = 5,    /* between two askers, */
    REST_TIMES = 4, /* and so many times what the last one took: they get a fifth of the time */
    FAILED_REST_MS = 500,
    WRITE_LIMIT_MS = 100,
    CONNECT_AGAIN_MS = 20,
    SID_BYTES = 256,
};

static void make_name(DWORD pid, WCHAR name[static NAME_MAX_LEN])
{
    swprintf(name, NAME_MAX_LEN, L"\\\\.\\pipe\\com2net-%lu", pid);
}

/* --- telling ---------------------------------------------------------------------------------- */

struct teller {
    HANDLE pipe; /* of the next asker, or INVALID_HANDLE_VALUE */
    enum { PIPE_RESTS, PIPE_WAITS, PIPE_HAS_ASKER } state;
    OVERLAPPED connect; /* while it waits */
    HANDLE wait;        /* for the end of that, on a thread of the system's */
    struct wake *wake;
    struct timer rest;
    char *(*tell)(void *ctx);
    void *ctx;
};

static HANDLE new_pipe(bool is_first)
{
    WCHAR name[NAME_MAX_LEN];

    make_name(GetCurrentProcessId(), name);
    return CreateNamedPipeW(name,
                            PIPE_ACCESS_OUTBOUND | FILE_FLAG_OVERLAPPED |
                                (is_first ? FILE_FLAG_FIRST_PIPE_INSTANCE : 0),
                            PIPE_TYPE_BYTE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS,
                            PIPE_UNLIMITED_INSTANCES, TELLER_TEXT_MAX, 0, 0, NULL);
}

static void write_text(HANDLE pipe, const char *text)
{
    OVERLAPPED at = {.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL)};
    DWORD n;

    if (!at.hEvent)
        return;
    if (!WriteFile(pipe, text, (DWORD)strnlen(text, TELLER_TEXT_MAX), NULL, &at) &&
        GetLastError() == ERROR_IO_PENDING) {
        if (WaitForSingleObject(at.hEvent, WRITE_LIMIT_MS) != WAIT_OBJECT_0)
            CancelIoEx(pipe, &at);
        GetOverlappedResult(pipe, &at, &n, TRUE);
    }
    CloseHandle(at.hEvent);
}

static void tell_asker(struct teller *t)
{
    const uint64_t begin = clock_now_ms();
    HANDLE next = new_pipe(false); /* first: the name stays ours */
    char *text = t->tell(t->ctx);

    if (text)
        write_text(t->pipe, text);
    free(text);
    CloseHandle(t->pipe);
    t->pipe = next;
    t->state = PIPE_RESTS;
    timer_in_ms(&t->rest, REST_MS + REST_TIMES * (clock_now_ms() - begin));
}

static void on_woken(void *ctx)
{
    struct teller *t = ctx;

    if (t->state == PIPE_HAS_ASKER ||
        (t->state == PIPE_WAITS && HasOverlappedIoCompleted(&t->connect)))
        tell_asker(t);
}

static void CALLBACK on_connected(void *ctx, BOOLEAN timed_out)
{
    struct teller *t = ctx;

    (void)timed_out;
    wake_up(t->wake);
}

/* Lets the next one connect, who may have done so. */
static void on_rested(void *ctx)
{
    struct teller *t = ctx;

    if (t->pipe == INVALID_HANDLE_VALUE)
        t->pipe = new_pipe(true);
    t->state = PIPE_WAITS;
    if (t->pipe != INVALID_HANDLE_VALUE &&
        (ConnectNamedPipe(t->pipe, &t->connect) || GetLastError() == ERROR_IO_PENDING))
        return;
    const DWORD code = GetLastError();
    if (code == ERROR_PIPE_CONNECTED || code == ERROR_NO_DATA) { /* the latter has gone again */
        t->state = PIPE_HAS_ASKER;
        wake_up(t->wake);
        return;
    }
    log_debug("cannot tell programs of this machine: error %lu", code);
    t->state = PIPE_RESTS;
    timer_in_ms(&t->rest, FAILED_REST_MS);
}

struct teller *teller_new(struct event_base *base, char *(*tell)(void *ctx), void *ctx,
                          char error[static TELLER_ERROR_MAX])
{
    struct teller *t = calloc(1, sizeof *t);

    snprintf(error, TELLER_ERROR_MAX, "out of memory");
    if (!t)
        return NULL;
    t->tell = tell;
    t->ctx = ctx;
    timer_make(&t->rest, base, on_rested, t);
    t->pipe = new_pipe(true);
    if (t->pipe == INVALID_HANDLE_VALUE) {
        win_error_text(GetLastError(), error);
        goto fail;
    }
    t->connect.hEvent = CreateEventW(NULL, FALSE, FALSE, NULL);
    t->wake = wake_new(base, on_woken, t);
    if (!t->connect.hEvent || !t->wake ||
        !RegisterWaitForSingleObject(&t->wait, t->connect.hEvent, on_connected, t, INFINITE,
                                     WT_EXECUTEDEFAULT))
        goto fail;
    on_rested(t);
    return t;

fail:
    teller_free(t);
    return NULL;
}

void teller_free(struct teller *t)
{
    DWORD n;

    if (!t)
        return;
    timer_stop(&t->rest);
    if (t->state == PIPE_WAITS) {
        CancelIoEx(t->pipe, &t->connect);
        GetOverlappedResult(t->pipe, &t->connect, &n, TRUE);
    }
    if (t->wait)
        UnregisterWaitEx(t->wait, INVALID_HANDLE_VALUE);
    wake_free(t->wake);
    if (t->connect.hEvent)
        CloseHandle(t->connect.hEvent);
    if (t->pipe != INVALID_HANDLE_VALUE)
        CloseHandle(t->pipe);
    free(t);
}

/* --- whose process ---------------------------------------------------------------------------- */

/* The user of a process. Returns false where Windows does not tell us. */
static bool user_of(HANDLE process, BYTE bytes[static SID_BYTES])
{
    HANDLE token;
    DWORD n;

    if (!process || !OpenProcessToken(process, TOKEN_QUERY, &token))
        return false;
    const BOOL told = GetTokenInformation(token, TokenUser, bytes, SID_BYTES, &n);
    CloseHandle(token);
    return told;
}

static void name_user(DWORD pid, char user[static TELLER_USER_MAX])
{
    _Alignas(TOKEN_USER) BYTE its[SID_BYTES], ours[SID_BYTES];
    WCHAR name[TELLER_USER_MAX], domain[TELLER_USER_MAX];
    DWORD name_len = TELLER_USER_MAX, domain_len = TELLER_USER_MAX;
    SID_NAME_USE use;
    HANDLE process = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, pid);
    const bool told = user_of(process, its) && user_of(GetCurrentProcess(), ours);
    PSID sid = told ? ((TOKEN_USER *)(void *)its)->User.Sid : NULL;

    if (process)
        CloseHandle(process);
    snprintf(user, TELLER_USER_MAX, "?");
    if (told && EqualSid(sid, ((TOKEN_USER *)(void *)ours)->User.Sid))
        user[0] = '\0';
    else if (told && LookupAccountSidW(NULL, sid, name, &name_len, domain, &domain_len, &use))
        utf8_from_wide(name, user, TELLER_USER_MAX);
}

/* --- asking ----------------------------------------------------------------------------------- */

enum other_state {
    OTHER_CONNECTS,
    OTHER_TELLS,
    OTHER_HAS_TOLD,
    OTHER_IS_GONE,
};

/* One that is asked. */
struct other {
    DWORD pid; /* by its name */
    enum other_state state;
    HANDLE pipe; /* while it tells */
    OVERLAPPED read;
    struct teller_answer answer;
    size_t len; /* of the text so far */
};

static void end_reading(struct other *o, enum other_state state)
{
    DWORD n;

    if (o->state == OTHER_TELLS) {
        CancelIoEx(o->pipe, &o->read);
        GetOverlappedResult(o->pipe, &o->read, &n, TRUE);
        CloseHandle(o->pipe);
    }
    if (o->read.hEvent)
        CloseHandle(o->read.hEvent);
    o->read.hEvent = NULL;
    o->state = state;
}

/* A read that ends at once has its event set, too. */
static void read_on(struct other *o)
{
    if (o->len < TELLER_TEXT_MAX && (ReadFile(o->pipe, o->answer.text + o->len,
                                              (DWORD)(TELLER_TEXT_MAX - o->len), NULL, &o->read) ||
                                     GetLastError() == ERROR_IO_PENDING))
        return;
    o->read.Internal = 0; /* none is under way */
    end_reading(o, o->len > 0 ? OTHER_HAS_TOLD : OTHER_IS_GONE);
}

/* While another one asks, it is tried again. */
static void connect_to(struct other *o)
{
    WCHAR name[NAME_MAX_LEN];
    ULONG pid;

    make_name(o->pid, name);
    HANDLE pipe =
        CreateFileW(name, GENERIC_READ, 0, NULL, OPEN_EXISTING,
                    FILE_FLAG_OVERLAPPED | SECURITY_SQOS_PRESENT | SECURITY_ANONYMOUS, NULL);
    if (pipe == INVALID_HANDLE_VALUE) {
        if (GetLastError() != ERROR_PIPE_BUSY)
            o->state = OTHER_IS_GONE;
        return;
    }
    o->answer.text = malloc(TELLER_TEXT_MAX + 1);
    o->read.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (!o->answer.text || !o->read.hEvent) {
        CloseHandle(pipe);
        end_reading(o, OTHER_IS_GONE);
        return;
    }
    if (GetNamedPipeServerProcessId(pipe, &pid)) {
        o->answer.pid = pid;
        name_user(pid, o->answer.user);
    }
    o->pipe = pipe;
    o->state = OTHER_TELLS;
    read_on(o);
}

static void look_at(struct other *o)
{
    DWORD n = 0;

    if (o->state == OTHER_CONNECTS)
        connect_to(o);
    if (o->state != OTHER_TELLS || !HasOverlappedIoCompleted(&o->read))
        return;
    if (GetOverlappedResult(o->pipe, &o->read, &n, FALSE) && n > 0) {
        o->len += n;
        read_on(o);
    } else {
        end_reading(o, o->len > 0 ? OTHER_HAS_TOLD : OTHER_IS_GONE);
    }
}

/* Those that have a pipe. Returns how many. */
static unsigned find(struct other list[static TELLER_OTHERS_MAX])
{
    HANDLE all = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
    PROCESSENTRY32W entry = {.dwSize = sizeof entry};
    unsigned count = 0;

    if (all == INVALID_HANDLE_VALUE)
        return 0;
    for (BOOL more = Process32FirstW(all, &entry); more && count < TELLER_OTHERS_MAX;
         more = Process32NextW(all, &entry)) {
        struct other *o = &list[count];

        if (entry.th32ProcessID == GetCurrentProcessId())
            continue;
        *o = (struct other){.pid = entry.th32ProcessID};
        connect_to(o);
        if (o->state != OTHER_IS_GONE)
            count++;
    }
    CloseHandle(all);
    return count;
}

/* One turn with all of them, which waits for `limit_ms` at most. Returns whether something is to
 * come yet. */
static bool turn(struct other *list, unsigned count, DWORD limit_ms)
{
    HANDLE events[TELLER_OTHERS_MAX];
    DWORD waiting = 0;
    bool connects = false;

    for (unsigned i = 0; i < count; i++) {
        look_at(&list[i]);
        connects = connects || list[i].state == OTHER_CONNECTS;
        if (list[i].state == OTHER_TELLS)
            events[waiting++] = list[i].read.hEvent;
    }
    if (connects && limit_ms > CONNECT_AGAIN_MS)
        limit_ms = CONNECT_AGAIN_MS;
    if (waiting > 0)
        WaitForMultipleObjects(waiting, events, FALSE, limit_ms);
    else if (connects)
        Sleep(limit_ms);
    return waiting > 0 || connects;
}

/* The answer of one, if there is one. */
static bool take_answer(struct other *o, struct teller_answer *answer)
{
    const bool there = o->state != OTHER_IS_GONE, has_told = o->state == OTHER_HAS_TOLD;

    end_reading(o, OTHER_IS_GONE);
    if (has_told) {
        o->answer.text[o->len] = '\0';
    } else {
        free(o->answer.text);
        o->answer.text = NULL;
    }
    if (there)
        *answer = o->answer;
    return there;
}

unsigned teller_ask(struct teller_answer answers[static TELLER_OTHERS_MAX])
{
    struct other *list = calloc(TELLER_OTHERS_MAX, sizeof *list);
    const uint64_t end = clock_now_us() + TELLER_ASK_LIMIT_MS * 1000;
    unsigned count = 0;
    uint64_t now;

    if (!list)
        return 0;
    const unsigned found = find(list);
    do {
        now = clock_now_us();
    } while (now < end && turn(list, found, (DWORD)((end - now) / 1000) + 1));
    for (unsigned i = 0; i < found; i++)
        count += take_answer(&list[i], &answers[count]);
    free(list);
    return count;
}

void teller_how_to_end(unsigned long pid, char text[static TELLER_END_MAX])
{
    snprintf(text, TELLER_END_MAX, "`taskkill /f /pid %lu`", pid);
}
