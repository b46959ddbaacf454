#ifndef _every_h_
#define _every_h_

#ifndef _WIN32
#include "quickmode/wdm_types.h"
#endif

// Inner - INNER
// An embedded class
#define InnerGuid \
    { 0x00112233,0x4455,0x6677, { 0x88,0x99,0xaa,0xbb,0xcc,0xdd,0xee,0xff } }

#if ! (defined(MIDL_PASS))
DEFINE_GUID(Inner_GUID, \
            0x00112233,0x4455,0x6677,0x88,0x99,0xaa,0xbb,0xcc,0xdd,0xee,0xff);
#endif


typedef struct _INNER
{
    // 
    ULONG Count;
    #define INNER_Count_SIZE sizeof(ULONG)
    #define INNER_Count_ID 1

    // 
    UCHAR Kind;
    #define INNER_Kind_SIZE sizeof(UCHAR)
    #define INNER_Kind_ID 2

} INNER, *PINNER;

#define INNER_SIZE (FIELD_OFFSET(INNER, Kind) + INNER_Kind_SIZE)

// Every - Every
// All the types

//
// Every type
//
#define EVERY_1 \
    { 0xb4d1c606,0x8682,0x4b7a, { 0xac,0x6b,0xd8,0x83,0xd9,0x15,0x55,0xfb } }

#if ! (defined(MIDL_PASS))
DEFINE_GUID(EVERY_2, \
            0xb4d1c606,0x8682,0x4b7a,0xac,0x6b,0xd8,0x83,0xd9,0x15,0x55,0xfb);
#endif


typedef struct _Every
{
    // A boolean
    BOOLEAN B;
    #define Every_B_SIZE sizeof(BOOLEAN)
    #define Every_B_ID 1

    // 
    UCHAR U8;
    #define Every_U8_SIZE sizeof(UCHAR)
    #define Every_U8_ID 2

    // 
    CHAR S8;
    #define Every_S8_SIZE sizeof(CHAR)
    #define Every_S8_ID 3

    // 
    USHORT U16;
    #define Every_U16_SIZE sizeof(USHORT)
    #define Every_U16_ID 4

    // 
    SHORT S16;
    #define Every_S16_SIZE sizeof(SHORT)
    #define Every_S16_ID 5

    // 
    ULONG U32;
    #define Every_U32_SIZE sizeof(ULONG)
    #define Every_U32_ID 6

    // 
    LONG S32;
    #define Every_S32_SIZE sizeof(LONG)
    #define Every_S32_ID 7

    // 
    ULONGLONG U64;
    #define Every_U64_SIZE sizeof(ULONGLONG)
    #define Every_U64_ID 8

    // 
    LONGLONG S64;
    #define Every_S64_SIZE sizeof(LONGLONG)
    #define Every_S64_ID 9

    // 
    WCHAR Text[31 + 1];
    #define Every_Text_ID 10

    // 
    WCHAR When[25];
    #define Every_When_SIZE sizeof(WCHAR[25])
    #define Every_When_ID 11

    // 
    UCHAR Address[16];
    #define Every_Address_SIZE sizeof(UCHAR[16])
    #define Every_Address_ID 12

// off
#define EVERY_OFF 0
// on
#define EVERY_ON 1


// How it is
    // 
    ULONG State;
    #define Every_State_SIZE sizeof(ULONG)
    #define Every_State_ID 13

    // Variable
    ULONG Length;
    #define Every_Length_SIZE sizeof(ULONG)
    #define Every_Length_ID 14

    // 
    INNER One;
    #define Every_One_SIZE sizeof(INNER)
    #define Every_One_ID 15

    // 
    INNER Four[4];
    #define Every_Four_SIZE sizeof(INNER[4])
    #define Every_Four_ID 16

    // 
    UCHAR Data[1];
    #define Every_Data_ID 17

    // Behind
//  ULONGLONG Behind;
    #define Every_Behind_ID 18

} Every, *PEvery;

// Named - Named
// A string of any length
#define NamedGuid \
    { 0xb4d1c606,0x8682,0x4b7a, { 0xac,0x6b,0xd8,0x83,0xd9,0x15,0x55,0xfc } }

#if ! (defined(MIDL_PASS))
DEFINE_GUID(Named_GUID, \
            0xb4d1c606,0x8682,0x4b7a,0xac,0x6b,0xd8,0x83,0xd9,0x15,0x55,0xfc);
#endif


typedef struct _Named
{
    // Its name
    CHAR VariableData[1];
    #define Named_Name_ID 1

} Named, *PNamed;

// Operations - Operations
// Methods only
#define OperationsGuid \
    { 0xb4d1c606,0x8682,0x4b7a, { 0xac,0x6b,0xd8,0x83,0xd9,0x15,0x55,0xfd } }

#if ! (defined(MIDL_PASS))
DEFINE_GUID(Operations_GUID, \
            0xb4d1c606,0x8682,0x4b7a,0xac,0x6b,0xd8,0x83,0xd9,0x15,0x55,0xfd);
#endif

//
// Method id definitions for Operations
#define Reset     1

// Sets it
#define Set     2
typedef struct _Set_IN
{
    // 
    INNER Value;
    #define Set_IN_Value_SIZE sizeof(INNER)
    #define Set_IN_Value_ID 2

    // 
    UCHAR Flags;
    #define Set_IN_Flags_SIZE sizeof(UCHAR)
    #define Set_IN_Flags_ID 3

} Set_IN, *PSet_IN;

#define Set_IN_SIZE (FIELD_OFFSET(Set_IN, Flags) + Set_IN_Flags_SIZE)

typedef struct _Set_OUT
{
    // Result
    ULONG Status;
    #define Set_OUT_Status_SIZE sizeof(ULONG)
    #define Set_OUT_Status_ID 1

    // 
    UCHAR Flags;
    #define Set_OUT_Flags_SIZE sizeof(UCHAR)
    #define Set_OUT_Flags_ID 3

} Set_OUT, *PSet_OUT;

#define Set_OUT_SIZE (FIELD_OFFSET(Set_OUT, Flags) + Set_OUT_Flags_SIZE)


// Event - Event
// An event without data
#define EventGuid \
    { 0xb4d1c606,0x8682,0x4b7a, { 0xac,0x6b,0xd8,0x83,0xd9,0x15,0x55,0xfe } }

#if ! (defined(MIDL_PASS))
DEFINE_GUID(Event_GUID, \
            0xb4d1c606,0x8682,0x4b7a,0xac,0x6b,0xd8,0x83,0xd9,0x15,0x55,0xfe);
#endif


#endif
