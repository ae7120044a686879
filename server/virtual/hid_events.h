/*
 * The sources of a mouse's or a keyboard's events. First comes a text that is played once for each
 * client. Then comes a FIFO, or a file that is played in the same way. Nothing is read unless a
 * client asks for reports, and no more than a bounded queue holds: until then writers are held
 * back.
 */
#ifndef SERVER_VIRTUAL_HID_EVENTS_H
#define SERVER_VIRTUAL_HID_EVENTS_H

#include "hid_script.h"

struct event_base;
struct hid_events;

enum { HID_EVENTS_ERROR_MAX = 512 };

/* `play` has statements with semicolons between them; `path` is of the FIFO or file; each may be
 * NULL, `path` and `name` must stay valid. `arrived` is called from the loop when there are events
 * again. Returns NULL with the reason in `error`. */
struct hid_events *hid_events_new(struct event_base *base, enum hid_role role, const char *path,
                                  const char *play, const char *name, void (*arrived)(void *ctx),
                                  void *ctx, char error[static HID_EVENTS_ERROR_MAX]);
/* Accepts NULL. */
void hid_events_free(struct hid_events *e);

/* The event that is to be carried out, which may be changed; NULL: there is none now. The first
 * call for a client begins to read. */
struct hid_event *hid_events_first(struct hid_events *e);

/* It has been: the next one is first. */
void hid_events_drop(struct hid_events *e);

/* The client has disconnected: events that were read for it are dropped. */
void hid_events_stop(struct hid_events *e);

#endif
