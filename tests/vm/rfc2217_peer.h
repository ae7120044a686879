/*
 * rfc2217_peer - the connection of rfc2217_client: Telnet's options, messages and data on it.
 *
 * It agrees to BINARY, SGA, COM-PORT and the server's ECHO.  What passes is traced to standard
 * error.  Data that comes is in the inbox of actions.h.
 */
#ifndef TESTS_VM_RFC2217_PEER_H
#define TESTS_VM_RFC2217_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OPT_BINARY = 0, OPT_ECHO = 1, OPT_SGA = 3, OPT_COMPORT = 44 };

/* A message of the server: its code is that of the command and 100. */
struct peer_message {
    int code;
    uint32_t value;
};

void peer_trace(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Connects. Returns 0, or 1 after printing why not; so do all that return a number here. */
int peer_connect(const char *host, const char *port);
void peer_close(void);

/* Ends with a reset in place of an orderly close. */
void peer_abort(void);

/* Whether there is a connection. */
bool peer_is_there(void);

/* Whether the server has ended the last one. */
bool peer_has_ended(void);

/* Gathers what is put from here on. */
void peer_hold(void);

/* Sends what was gathered, as one segment. */
int peer_go(void);

/* Says WILL. */
void peer_offer(int option);

/* Says DO. */
void peer_ask_for(int option);

/* Whether either side has the option. */
bool peer_has(int option);

/* Whether the server does not want ours. */
bool peer_has_refused(int option);

/* Puts bytes as they are. */
int peer_put(const void *bytes, size_t len);

/* Puts data, with every 255 doubled. */
int peer_put_data(const unsigned char *bytes, size_t len);

/* Puts a command of COM-PORT. */
int peer_put_command(int code, const unsigned char *payload, size_t len);

/* Puts one with a number of so many bytes, 1 to 4. */
int peer_put_number(int code, uint32_t value, int bytes);

/* Takes in what comes by @until; false if nothing came. */
bool peer_receive(double until);

/* The first message with this code that nobody has asked for, waited for until then; or NULL. */
const struct peer_message *peer_message(int code, double until);

/* Forgets messages and data that have come. */
void peer_forget(void);

/* What the server has said last that it is. */
const char *peer_signature(void);

#endif
