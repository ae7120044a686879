/*
 * The commands of one RFC 2217 client: carried out on its port and answered, each with the value in
 * force afterwards. When a command may be carried out (order with the data, back-pressure) is
 * order.c's business; its meaning is here.
 */
#ifndef SERVER_SERIAL_COMMANDS_H
#define SERVER_SERIAL_COMMANDS_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/comport.h"

struct device;

/* DTR and RTS commands that follow each other: one change. */
struct line_group {
    unsigned mask;
    unsigned values;
    uint8_t order[2]; /* LINE_DTR or LINE_RTS, as they came */
    unsigned count;
    bool is_applied; /* and the device is busy with it */
};

/* Part of a session, which fills in the first four and begins with everything else zero but
 * modem_mask, which RFC 2217 begins with 255. */
struct commands {
    struct device *device;
    struct comport *comport; /* answers go there; the session sends them */
    const char *who;         /* for the log */
    const char *signature;   /* what we are called, or why it is refused */
    uint8_t line_mask;
    uint8_t modem_mask;
    unsigned modem_told; /* inputs as the client knows them */
    bool suspended;      /* by FLOWCONTROL-SUSPEND */
    struct line_group group;
};

/* Queues an answer or a notification. */
void commands_answer(struct commands *c, enum rfc2217_command command, uint32_t value);

/* Carries a command out and answers it; a SET-CONTROL of DTR or RTS joins the group instead.
 * Returns false where the device is busy with it: then commands_end has to follow once it is not.
 */
bool commands_do(struct commands *c, const struct rfc2217_message *m);

/* Answers a command that was carried out: `error` is 0 or -errno, for the log. */
void commands_end(struct commands *c, const struct rfc2217_message *m, int error);

/* Answers the command of one who may not change anything. */
void commands_observe(struct commands *c, const struct rfc2217_message *m);

/* Answers a command whose payload has the wrong size. */
void commands_answer_malformed(struct commands *c, const struct rfc2217_message *m);

/* Applies the group, if there is one, as one change, and answers its commands. Where the device is
 * busy afterwards, commands_end_group has to follow once it is not; until then there is a group. */
void commands_apply_group(struct commands *c);

/* Answers the commands of a group that was applied: `error` is 0 or -errno, for the log. */
void commands_end_group(struct commands *c, int error);

/* Whether a command changes the line, and so must not overtake the bytes before it. */
bool commands_changes_line(const struct rfc2217_message *m);

/* The modem output, LINE_DTR or LINE_RTS, that a command sets; 0 if it does not. */
unsigned commands_line_set(const struct rfc2217_message *m);

/* Notifies the modem inputs, if the mask lets anything of the change through. `edges` as in
 * serial.h. */
void commands_notify_lines(struct commands *c, unsigned inputs, unsigned edges);

#endif
