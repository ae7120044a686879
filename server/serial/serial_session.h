/*
 * One client of a published port: its requests and its answers, from its beginning to its end.
 */
#ifndef SERVER_SERIAL_SERIAL_SESSION_H
#define SERVER_SERIAL_SERIAL_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client.h"

struct newcomer;
struct port_report_client;
struct serial_session;

struct serial_session_callbacks {
    /* It is over. Its memory stays until the loop's next turn. */
    void (*ended)(void *ctx, struct serial_session *s);
    /* The news that it wants from the device may be different now. */
    void (*changed)(void *ctx);
    /* Its client says that it has another session, which lost its connection. Returns whether that
     * continues: then `s` is over. */
    bool (*resume)(void *ctx, struct serial_session *s, const struct serial_ext_resume *r);
};

/* The objects that a session is given; all of them outlive it. */
struct serial_session_place {
    struct event_base *base;
    const struct port_options *options;
    struct device *device;
    struct reset *reset; /* or NULL */
    const struct serial_session_callbacks *callbacks;
    void *ctx;
};

/* Begins a session of a newcomer, whose connection it owns from then on. `refusal` is the SIGNATURE
 * that a refused one gets ("busy"); with `may_resume` it is given the time to say that it comes
 * back. Returns NULL without memory. */
struct serial_session *serial_session_new(const struct serial_session_place *place,
                                          struct newcomer *newcomer, enum client_role role,
                                          const char *refusal, bool may_resume);

/* Ends it for the reason `why`, for the log; `ended` is called at once. */
void serial_session_end(struct serial_session *s, const char *why);

enum client_role serial_session_role(const struct serial_session *s);
const char *serial_session_peer(const struct serial_session *s);

/* Takes what its client has sent by now, its end included. */
void serial_session_catch_up(struct serial_session *s);

/* Whether its client has closed the connection, heard or not. */
bool serial_session_peer_has_closed(const struct serial_session *s);

/* Whether it outlives its connection. */
bool serial_session_is_kept(const struct serial_session *s);

/* Whether its connection is lost, and its client is expected back. */
bool serial_session_is_away(const struct serial_session *s);

/* Whether a client that comes back means this session. */
bool serial_session_is_meant(const struct serial_session *s, const struct serial_ext_resume *r);

/* Continues over the connection of another session, which ends. Returns false, with nothing
 * changed, when the client reports an impossible count of received bytes. */
bool serial_session_resume(struct serial_session *s, struct serial_session *by,
                           const struct serial_ext_resume *r);

/* Whether its client has closed its side and only hears the end of the device's answers. */
bool serial_session_is_ending(const struct serial_session *s);

/* Whether the device's bytes can be sent to it at once. A session keeps some of those that cannot,
 * and then loses what comes, which is said. */
bool serial_session_wants_data(const struct serial_session *s);

/* Whether it reads along. */
bool serial_session_observes(const struct serial_session *s);

/* Whether it has asked for line errors. */
bool serial_session_wants_errors(const struct serial_session *s);

/* The events of the device. `edges` as in serial.h. */
void serial_session_data(struct serial_session *s, const uint8_t *data, size_t len);
void serial_session_lines(struct serial_session *s, unsigned inputs, unsigned edges);
void serial_session_errors(struct serial_session *s, unsigned state);

/* The device has gone, or has come back. */
void serial_session_device_changed(struct serial_session *s);

/* The device has taken bytes that waited for it. */
void serial_session_device_took(struct serial_session *s);

/* The device takes bytes again, or has come back. */
void serial_session_device_ready(struct serial_session *s);

/* The device is not busy any more. */
void serial_session_device_free(struct serial_session *s);

/* The port's list of sessions: the place of the next one. */
struct serial_session **serial_session_next(struct serial_session *s);

/* Says what is known of it. */
void serial_session_report(const struct serial_session *s, struct port_report_client *r);

#endif
