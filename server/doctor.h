/*
 * `com2net doctor`: what is in the way of publishing the devices of this machine, and of those who
 * are to reach them.
 */
#ifndef SERVER_DOCTOR_H
#define SERVER_DOCTOR_H

/* Looks at the devices, at what com2nets publish, and at `count` words [ADDRESS:]PORT. Prints a
 * line for each fact: "ok", "note", "BAD". Opens no serial port, and listens nowhere. Returns an
 * exit status. */
int doctor_run(int count, char **words);

#endif
