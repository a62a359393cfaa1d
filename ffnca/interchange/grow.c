// Runs a rule that `ffnca export WORLD rule.h` wrote, in a terminal with 24-bit colour.
//
//     cc -O2 -I. grow.c -o grow -lm && ./grow [STEPS] [SEED] [LAST.bin]
//
// STEPS is 200 and SEED 0 if not given. LAST.bin gets the last state as floats, and nothing is drawn then.
// With -DFFNCA_INT8 the weights are 8 bits.
#define _POSIX_C_SOURCE 199309L
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "rule.h"

#define CELLS (FFNCA_HEIGHT * FFNCA_WIDTH)

static float states[2][CELLS * FFNCA_CHANNELS], noise[CELLS], scratch[FFNCA_SCRATCH];

// A uniform number from 0 to 1 that depends on seed, step and cell alone (the hash is Wellons' lowbias32).
static float uniform(uint32_t seed, uint32_t step, uint32_t cell) {
    uint32_t x = seed * 2654435761u ^ (step * (uint32_t)CELLS + cell);
    x ^= x >> 16;
    x *= 0x7feb352du;
    x ^= x >> 15;
    x *= 0x846ca68bu;
    x ^= x >> 16;
    return (float)(x >> 8) / 16777216.0f;
}

static int byte(float level) { return level <= 0 ? 0 : level >= 1 ? 255 : (int)(255 * level + 0.5f); }

// Colour over white where a cell has colour and alpha, else its first channel as grey.
static void colour(const float *cell, int *rgb) {
    for (int c = 0; c < 3; c++)
        rgb[c] = FFNCA_CHANNELS < 4 ? byte(cell[0]) : byte(cell[c] + 1 - (cell[3] > 1 ? 1 : cell[3] < 0 ? 0 : cell[3]));
}

// Two rows of cells in a line of text: the upper one as the colour of a half block, the lower as its background.
static void draw(const float *state, int step) {
    int upper[3], lower[3];
    printf("\033[H");
    for (int row = 0; row + 1 < FFNCA_HEIGHT; row += 2) {
        for (int column = 0; column < FFNCA_WIDTH; column++) {
            colour(state + ((size_t)row * FFNCA_WIDTH + column) * FFNCA_CHANNELS, upper);
            colour(state + ((size_t)(row + 1) * FFNCA_WIDTH + column) * FFNCA_CHANNELS, lower);
            printf("\033[38;2;%d;%d;%dm\033[48;2;%d;%d;%dm\xe2\x96\x80", upper[0], upper[1], upper[2], lower[0],
                   lower[1], lower[2]);
        }
        printf("\033[0m\n");
    }
    printf("step %d\n", step);
    fflush(stdout);
}

int main(int count, char **words) {
    int steps = count > 1 ? atoi(words[1]) : 200, now = 0;
    uint32_t seed = count > 2 ? (uint32_t)strtoul(words[2], NULL, 10) : 0;
    const struct timespec pause = {0, 25000000};
    ffnca_start(states[now]);
    if (count <= 3) printf("\033[2J");
    for (int step = 0; step < steps; step++) {
        for (uint32_t cell = 0; cell < CELLS; cell++) noise[cell] = uniform(seed, (uint32_t)step, cell);
        ffnca_step(states[now], noise, states[1 - now], scratch);
        now = 1 - now;
        if (count <= 3) {
            draw(states[now], step + 1);
            nanosleep(&pause, NULL);
        }
    }
    if (count > 3) {
        FILE *file = fopen(words[3], "wb");
        size_t floats = (size_t)CELLS * FFNCA_CHANNELS;
        if (!file || fwrite(states[now], sizeof(float), floats, file) != floats || fclose(file)) return 1;
    }
    return 0;
}
