/* SPDX-License-Identifier: GPL-2.0 */
/*
 * box - all ends, as they come and go.
 */
#ifndef NULLMODEM_BOX_H
#define NULLMODEM_BOX_H

struct end;

struct end *box_end(unsigned int index);

#endif
